import type { Logger } from '#libs/telemetry/index.js';
import type { Settled } from './settle.js';
import type { HeldRow } from './held-row.js';
import type { RelayMetrics } from './relay-options.js';
import { describeError, describeFailures } from './retry.js';

/** Counts, logs and reports what became of rows. */
export class Ledger {
  readonly counts = { delivered: 0, retried: 0, failed: 0 };

  constructor(
    private readonly logger: Logger,
    private readonly metrics: RelayMetrics | undefined,
  ) {}

  settled({ event }: HeldRow, settled: Settled, startDelayMs: number): void {
    const about = { eventId: event.eventId, eventType: event.eventType, attempt: event.attempt };
    switch (settled.kind) {
      case 'delivered':
        this.counts.delivered += 1;
        this.metrics?.onDelivered?.(event, startDelayMs);
        return;
      case 'retried':
        this.counts.retried += 1;
        this.logger.warn(
          { ...about, error: describeFailures(settled.failures), delayMs: Math.round(settled.delayMs) },
          'event failed; will be tried again',
        );
        this.metrics?.onRetried?.(event, settled.failures, settled.delayMs);
        return;
      case 'failed':
        this.counts.failed += 1;
        this.logger.error({ ...about, error: describeFailures(settled.failures) }, 'event became a dead letter');
        this.metrics?.onFailed?.(event, settled.failures);
        return;
      case 'lost':
        this.logger.warn(about, 'lease lost before the event was marked; nothing of this claim was committed');
    }
  }

  unsettled({ event }: HeldRow, error: unknown): void {
    this.logger.error(
      { eventId: event.eventId, eventType: event.eventType, attempt: event.attempt, error: describeError(error) },
      'event left to its lease: it could not be settled',
    );
  }
}
