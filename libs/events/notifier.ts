import type { Logger } from '#libs/telemetry/index.js';
import type { Queryable } from '#libs/stores/postgres/index.js';
import { outboxChannel } from './channel.js';
import { describeError } from './retry.js';

export interface NotifierOptions {
  readonly pool: Queryable;
  readonly logger: Pick<Logger, 'warn'>;
  /** Least time between two notifications of one generation, in milliseconds. */
  readonly coalesceMs?: number;
}

interface Pending {
  timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  sentAt: number;
}

/**
 * Wakes the relays after a commit, off the write path. Calls that fall together become one pg_notify: the first after a
 * quiet time goes out at the end of the event-loop turn (so an idle system pays no delay), then at most one per
 * `coalesceMs`. A notification that is lost costs one poll interval, never an event, so failures are only logged.
 */
export class Notifier {
  readonly #pool: Queryable;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #coalesceMs: number;
  readonly #pending = new Map<number, Pending>();
  readonly #sending = new Set<Promise<void>>();
  #stopped = false;

  constructor({ pool, logger, coalesceMs = 5 }: NotifierOptions) {
    this.#pool = pool;
    this.#logger = logger;
    this.#coalesceMs = coalesceMs;
  }

  /** Asks for a notification. Returns at once; call it after the commit, or the relays look too early. */
  wake(generation: number): void {
    if (this.#stopped) return;
    const entry = this.#pending.get(generation) ?? { timer: undefined, sentAt: -Infinity };
    this.#pending.set(generation, entry);
    if (entry.timer !== undefined) return;
    const dueIn = entry.sentAt + this.#coalesceMs - performance.now();
    const send = (): void => {
      this.#send(generation, entry);
    };
    entry.timer = dueIn <= 0 ? setImmediate(send) : setTimeout(send, dueIn);
  }

  /** Sends what is asked for now and waits until it is out. */
  async flush(): Promise<void> {
    for (const [generation, entry] of this.#pending) {
      if (entry.timer !== undefined) this.#send(generation, entry);
    }
    await Promise.all(this.#sending);
  }

  /** Flushes, then ignores further calls. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.flush();
  }

  #send(generation: number, entry: Pending): void {
    clearTimeout(entry.timer as NodeJS.Timeout | undefined);
    clearImmediate(entry.timer as NodeJS.Immediate | undefined);
    entry.timer = undefined;
    entry.sentAt = performance.now();
    const sending = this.#pool.query(`select pg_notify($1, '')`, [outboxChannel(generation)]).then(
      () => undefined,
      (error: unknown) => {
        this.#logger.warn({ error: describeError(error), generation }, 'outbox notification failed; relays will poll');
      },
    );
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
  }
}
