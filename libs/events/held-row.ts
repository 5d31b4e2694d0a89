import type { EventEnvelope } from './envelope.js';

/** A row that this relay holds a lease on. */
export interface HeldRow {
  readonly id: string;
  readonly token: string;
  readonly event: EventEnvelope;
  /** Came back from an expired lease: may be what killed the process that held it. */
  readonly lapsed: boolean;
  /** Handlers whose effect for this key was done before the claim; their `before` need not run again. */
  readonly handledBy: readonly string[];
  /** From when the row could be claimed to its claim, in milliseconds of database time. */
  readonly waitedMs: number;
  /** Local monotonic time of the claim, for the way from the claim to the handler. */
  readonly claimedAtMs: number;
  /** Local monotonic time when the lease was last known to be good. */
  renewedAtMs: number;
  /** Aborts when the lease is lost or the shutdown grace is over. */
  readonly abort: AbortController;
}

/** The ids and tokens of rows as two arrays, the form in which every set-based statement takes them. */
export function leases(rows: readonly HeldRow[]): [ids: string[], tokens: string[]] {
  return [rows.map((row) => row.id), rows.map((row) => row.token)];
}

/** The rows a relay holds. Their number is its concurrency. */
export class HeldRows {
  readonly #rows = new Map<string, HeldRow>();
  #waiters: (() => void)[] = [];

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#rows.size;
  }

  get free(): number {
    return this.capacity - this.#rows.size;
  }

  all(): HeldRow[] {
    return [...this.#rows.values()];
  }

  add(row: HeldRow): void {
    this.#rows.set(row.id, row);
  }

  remove(row: HeldRow): void {
    if (!this.#rows.delete(row.id)) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  /**
   * Resolves when `wanted` slots are free, or after `patienceMs` as soon as one is: small claims are expensive, but a
   * few hanging handlers must not keep the rest of the capacity idle.
   */
  async whenFree(wanted: number, patienceMs: number): Promise<void> {
    const until = performance.now() + patienceMs;
    while (this.free < wanted) {
      const left = until - performance.now();
      if (left <= 0 && this.free > 0) return;
      await this.#change(left > 0 ? left : undefined);
    }
  }

  /** Resolves to true when nothing is held, to false when that took longer than `patienceMs`. */
  async whenEmpty(patienceMs: number): Promise<boolean> {
    const until = performance.now() + patienceMs;
    while (this.size > 0) {
      const left = until - performance.now();
      if (left <= 0) return false;
      await this.#change(left);
    }
    return true;
  }

  #change(timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
