import { setTimeout as sleep } from 'node:timers/promises';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openApiDocument } from '#libs/contracts/index.js';
import type { Services } from '../spectrad/services.js';
import { ApiModule } from './api.module.js';
import { UploadSweeper } from './documents/upload-sweeper.js';
import { HealthService, type HealthProbe } from './health/health.service.js';
import { createFastifyAdapter } from './http/fastify.js';
import { InFlightRequests } from './http/in-flight.js';
import { NestLogger } from './http/nest-logger.js';
import { ProblemFilter } from './http/problem.filter.js';

/** The name as a picture, in place of the page's own logo. */
const LOGO = {
  type: 'image/svg+xml',
  content:
    '<svg xmlns="http://www.w3.org/2000/svg" width="130" height="40"><text x="0" y="28" font-family="sans-serif" font-size="26" font-weight="bold" fill="#fff">Spectra</text></svg>',
  href: '/docs',
};

/** Longest wait for uploads that a stop has cut off; a sweep removes what they leave after that. */
const CLEAN_UP_MS = 2_000;

export interface BindAddress {
  readonly host: string;
  readonly port: number;
}

/** The running API of one process. */
export interface ApiServer {
  /** Where this machine reaches it, e.g. http://127.0.0.1:9090. */
  readonly url: string;
  /** Stops taking traffic, lets requests in flight finish, closes. */
  readonly stop: () => Promise<void>;
}

/** Starts the API over the process's services. `probes` are parts of the process that /health shows besides. */
export async function startApi(
  services: Services,
  bind: BindAddress,
  probes: Readonly<Record<string, HealthProbe>> = {},
): Promise<ApiServer> {
  const { settings, logger, metrics } = services;
  const inFlight = new InFlightRequests(settings.SPECTRA_MAX_IN_FLIGHT);
  const adapter = await createFastifyAdapter({ logger, metrics, inFlight });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and takes literals
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.over(services, probes), adapter, {
    logger: new NestLogger(services.logger),
    bodyParser: false,
    abortOnError: false,
  });
  const server = adapter.getInstance();
  const filter = new ProblemFilter(services.logger);
  server.setErrorHandler((error, request, reply) => {
    filter.answer(error, request, reply);
  });
  const document = openApiDocument(services.build.version);
  server.get('/openapi.json', (_request, reply) => reply.send(document));
  await server.register(swagger, { mode: 'static', specification: { document: document as never } });
  await server.register(swaggerUi, { routePrefix: '/docs', theme: { title: 'Spectra API' }, logo: LOGO });
  await app.listen(bind.port, bind.host);
  const health = app.get(HealthService);
  health.takesTraffic = true;
  const sweeper = new UploadSweeper(services);
  sweeper.start();
  const address = server.server.address();
  const port = typeof address === 'object' && address ? address.port : bind.port;
  const anywhere = bind.host === '0.0.0.0' || bind.host === '::';
  const host = anywhere ? '127.0.0.1' : bind.host.includes(':') ? `[${bind.host}]` : bind.host;
  return {
    url: `http://${host}:${port}`,
    stop: async () => {
      health.takesTraffic = false;
      const grace = settings.SPECTRA_SHUTDOWN_GRACE_MS / 2;
      // The listener stays open meanwhile: readiness can be seen to be off, and late requests get an answer.
      await Promise.all([inFlight.stop(grace), sweeper.stop(grace)]);
      const closed = app.close();
      server.server.closeAllConnections();
      await closed;
      // Uploads that were cut off just now take their halves away.
      await Promise.race([services.acceptance.settled(), sleep(CLEAN_UP_MS, undefined, { ref: false })]);
    },
  };
}
