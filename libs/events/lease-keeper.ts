import type { Logger } from '#libs/telemetry/index.js';
import type { Queryable } from '#libs/stores/postgres/index.js';
import type { Claimant } from './claim.js';
import { LeaseLostError } from './errors.js';
import type { HandlerRegistry } from './handler.js';
import type { HeldRow, HeldRows } from './held-row.js';
import { reap } from './reap.js';
import { renew } from './renew.js';
import { describeError } from './retry.js';

export interface LeaseKeeperOptions {
  readonly db: Queryable;
  readonly claimant: Claimant;
  readonly held: HeldRows;
  readonly registry: HandlerRegistry;
  readonly reaperIntervalMs: number;
  readonly logger: Logger;
  /** Rows came back from expired leases. */
  readonly onReaped: () => void;
}

/** RENEW and REAP on their own clocks: keeps the leases of this relay alive and brings those of dead ones back. */
export class LeaseKeeper {
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly options: LeaseKeeperOptions) {}

  /** Resolves after the first reap. */
  async start(): Promise<void> {
    const { claimant, reaperIntervalMs } = this.options;
    this.#every(claimant.claimTtlMs / 3, () => this.#renew());
    this.#every(reaperIntervalMs, () => this.#reap());
    await this.#reap();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running);
  }

  /** A turn that is still running when the next is due is left to end. */
  #every(intervalMs: number, work: () => Promise<void>): void {
    let current: Promise<void> | undefined;
    const tick = (): void => {
      if (current !== undefined) return;
      const turn = work().finally(() => {
        this.#running.delete(turn);
        current = undefined;
      });
      current = turn;
      this.#running.add(turn);
    };
    this.#timers.push(setInterval(tick, intervalMs));
  }

  async #reap(): Promise<void> {
    const { db, claimant, registry, logger, onReaped } = this.options;
    try {
      const reaped = await reap(db, claimant.generation, registry.attemptLimits());
      for (const { id, event_type, attempts, status } of reaped) {
        logger.warn({ eventId: id, eventType: event_type, attempt: attempts, status }, 'expired lease reaped');
      }
      if (reaped.length > 0) onReaped();
    } catch (error) {
      logger.warn({ error: describeError(error) }, 'reaper failed; trying again at its next turn');
    }
  }

  /** A lease that could not be renewed for a whole TTL counts as lost, too: its row may be someone else's by now. */
  async #renew(): Promise<void> {
    const { db, claimant, held, logger } = this.options;
    let lost: HeldRow[] = [];
    try {
      lost = await renew(db, held.all(), claimant.claimTtlMs);
    } catch (error) {
      logger.warn({ error: describeError(error) }, 'leases could not be renewed');
    }
    const nowMs = performance.now();
    for (const row of held.all()) {
      if (lost.includes(row) || nowMs - row.renewedAtMs > claimant.claimTtlMs) row.abort.abort(new LeaseLostError());
    }
  }
}
