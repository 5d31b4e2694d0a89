import { Controller, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { operations, type Health, type ServiceHealth, type Version } from '#libs/contracts/index.js';
import { Endpoint } from '../http/endpoint.js';
import { HealthService } from './health.service.js';

@Controller()
export class HealthController {
  constructor(@Inject(HealthService) private readonly health: HealthService) {}

  @Endpoint(operations.serviceHealth)
  async service(@Res({ passthrough: true }) reply: FastifyReply): Promise<ServiceHealth> {
    const health = await this.health.service();
    if (health.status !== 'ok') void reply.status(500);
    return health;
  }

  @Endpoint(operations.health)
  async goNoGo(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    const health = await this.health.report();
    if (health.status === 'unavailable') void reply.status(503);
    return health;
  }

  @Endpoint(operations.live)
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Endpoint(operations.ready)
  ready(@Res({ passthrough: true }) reply: FastifyReply): { status: 'ok' | 'unavailable' } {
    if (this.health.takesTraffic) return { status: 'ok' };
    void reply.status(503);
    return { status: 'unavailable' };
  }

  @Endpoint(operations.version)
  version(): Version {
    return this.health.version();
  }
}
