import { Controller, Get, Header, Inject } from '@nestjs/common';
import { Metrics } from '#libs/telemetry/index.js';
import { Open } from './http/endpoint.js';

/** Prometheus' own format, so it is no operation of the JSON contract. */
@Controller()
export class MetricsController {
  constructor(@Inject(Metrics) private readonly metrics: Metrics) {}

  @Open()
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  scrape(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
