import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { ContextRegistry, KeyRing } from '#libs/access/index.js';
import { UploadAcceptance } from '#libs/documents/index.js';
import { RecallRouter } from '#libs/recall/index.js';
import { SurrealServer } from '#libs/stores/surreal/index.js';
import { Metrics } from '#libs/telemetry/index.js';
import type { Services } from '../spectrad/services.js';
import { ContextsController } from './contexts/contexts.controller.js';
import { DocumentsController } from './documents/documents.controller.js';
import { FactsController } from './facts/facts.controller.js';
import { FactsService } from './facts/facts.service.js';
import { HealthController } from './health/health.controller.js';
import { HealthService, type HealthProbe } from './health/health.service.js';
import { AuthenticationGuard } from './http/authentication.guard.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ValidationInterceptor } from './http/validation.interceptor.js';
import { ContextKeysController } from './keys/context-keys.controller.js';
import { OwnKeysController } from './keys/own-keys.controller.js';
import { MetricsController } from './metrics.controller.js';
import { RecallController } from './recall/recall.controller.js';
import { RecallService } from './recall/recall.service.js';
import { OBJECT_STORE } from './tokens.js';

function providers(services: Services, probes: Readonly<Record<string, HealthProbe>>): Provider[] {
  const { server, embeddings, settings } = services;
  const router = new RecallRouter({
    embeddings,
    textPool: settings.SPECTRA_RETRIEVAL_POOL_SIZE,
    vectorPool: settings.SPECTRA_RETRIEVAL_VECTOR_POOL_SIZE,
    scoredRows: settings.SPECTRA_RETRIEVAL_SCORED_ROWS,
    weights: settings.SPECTRA_RECALL_WEIGHTS,
  });
  return [
    { provide: KeyRing, useValue: services.keys },
    { provide: ContextRegistry, useValue: services.registry },
    { provide: SurrealServer, useValue: server },
    { provide: UploadAcceptance, useValue: services.acceptance },
    { provide: OBJECT_STORE, useValue: services.objects },
    { provide: Metrics, useValue: services.metrics },
    { provide: HealthService, useValue: new HealthService(services, probes) },
    { provide: FactsService, useValue: new FactsService(server, embeddings) },
    { provide: RecallService, useValue: new RecallService(server, router, settings.SPECTRA_MAX_QUERY_K) },
    { provide: APP_FILTER, useValue: new ProblemFilter(services.logger) },
    {
      provide: APP_GUARD,
      useFactory: (reflector: Reflector) => new AuthenticationGuard(reflector, services.keys),
      inject: [Reflector],
    },
    {
      provide: APP_INTERCEPTOR,
      useFactory: (reflector: Reflector) => new ValidationInterceptor(reflector),
      inject: [Reflector],
    },
  ];
}

/** The REST surface over the process's services. */
@Module({})
export class ApiModule {
  static over(services: Services, probes: Readonly<Record<string, HealthProbe>>): DynamicModule {
    return {
      module: ApiModule,
      controllers: [
        HealthController,
        MetricsController,
        ContextsController,
        ContextKeysController,
        OwnKeysController,
        DocumentsController,
        FactsController,
        RecallController,
      ],
      providers: providers(services, probes),
    };
  }
}
