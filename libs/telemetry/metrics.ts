import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Latency buckets in seconds, from a cached answer to a slow upload. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The process's Prometheus metrics; names follow the published service, with the prefix of this product. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests = new Counter({
    name: 'spectra_requests_total',
    help: 'HTTP requests by operation and status.',
    labelNames: ['endpoint', 'status'],
    registers: [this.registry],
  });
  readonly requestSeconds = new Histogram({
    name: 'spectra_request_duration_seconds',
    help: 'Time to answer a request.',
    labelNames: ['endpoint'],
    buckets: SECONDS,
    registers: [this.registry],
  });
  readonly bytesIngested = new Counter({
    name: 'spectra_documents_bytes_ingested_total',
    help: 'Bytes of accepted uploads.',
    registers: [this.registry],
  });
  readonly outboxEvents = new Counter({
    name: 'spectra_outbox_events_total',
    help: 'Outbox events by type and outcome.',
    labelNames: ['event_type', 'outcome'],
    registers: [this.registry],
  });
  readonly outboxStartSeconds = new Histogram({
    name: 'spectra_outbox_start_delay_seconds',
    help: 'From the commit of an event to the start of its handler.',
    buckets: SECONDS,
    registers: [this.registry],
  });
  readonly listenerHealthy = new Gauge({
    name: 'spectra_outbox_listener_healthy',
    help: '1 while LISTEN is proven to work, else 0 (poll mode).',
    registers: [this.registry],
  });

  constructor(labels: Readonly<Record<string, string>>) {
    this.registry.setDefaultLabels(labels);
    collectDefaultMetrics({ register: this.registry });
  }
}
