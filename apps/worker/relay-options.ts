import type { EventHandler, RelayMetrics, RelayOptions } from '#libs/events/index.js';
import type { WorkerHeartbeat } from '#libs/generations/index.js';
import type { Metrics } from '#libs/telemetry/index.js';
import type { Services } from '../spectrad/services.js';

export interface RelayInput {
  readonly services: Services;
  readonly workerId: string;
  readonly heartbeat: WorkerHeartbeat;
  readonly handlers: readonly EventHandler[];
  /** The relay gave up; the process should stop and exit non-zero. */
  readonly onFatal: (error: Error) => void;
}

function relayMetrics(metrics: Metrics): RelayMetrics {
  const count = (outcome: string) => (event: { readonly eventType: string }) => {
    metrics.outboxEvents.inc({ event_type: event.eventType, outcome });
  };
  return {
    onDelivered: (event, startDelayMs) => {
      count('delivered')(event);
      metrics.outboxStartSeconds.observe(startDelayMs / 1000);
    },
    onFailed: count('failed'),
    onRetried: count('retried'),
    onListenerHealthy: (healthy) => {
      metrics.listenerHealthy.set(healthy ? 1 : 0);
    },
  };
}

/** The relay of a worker process, from its configuration. */
export function relayOptions({ services, workerId, heartbeat, handlers, onFatal }: RelayInput): RelayOptions {
  const { settings, pool, generation, logger } = services;
  return {
    pool,
    listenUrl: settings.DATABASE_URL ?? '',
    generation,
    workerId,
    handlers,
    logger,
    onFatal,
    metrics: relayMetrics(services.metrics),
    onStateChange: (state) => {
      heartbeat.setState(state);
    },
    timing: {
      handlerMaxMs: settings.SPECTRA_HANDLER_MAX_MS,
      claimTtlMs: settings.SPECTRA_CLAIM_TTL_MS,
      reaperIntervalMs: settings.SPECTRA_REAPER_INTERVAL_MS,
      pollHealthyMs: settings.SPECTRA_POLL_HEALTHY_MS,
      pollDegradedMs: settings.SPECTRA_POLL_DEGRADED_MS,
      listenSelfTestMs: settings.SPECTRA_LISTEN_SELF_TEST_MS,
      reconnectBudgetMs: settings.SPECTRA_RECONNECT_BUDGET_MS,
    },
  };
}
