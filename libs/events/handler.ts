import type { Transaction } from '#libs/stores/postgres/index.js';
import type { EventEnvelope } from './envelope.js';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from './retry.js';

/**
 * What a context does about an event type. Every handler of a type sees each of its rows; what it did is remembered in
 * core.event_handled under (name, idempotency key), so that it happens once.
 *
 * @typeParam P payload, for example `EventPayload<'document.accepted'>`
 */
export interface EventHandler<P = unknown> {
  /** `<context>.<handler>`. Part of the dedup key: renaming it makes old events new. */
  readonly name: string;
  readonly eventType: string;
  /**
   * Work outside any transaction: starting a workflow. May run more than once for one event (a crash after it, an
   * expired lease), so it must be idempotent by itself: a deterministic workflow id. Stop when the signal aborts.
   */
  before?(event: EventEnvelope<P>, signal: AbortSignal): Promise<void>;
  /** The effect, in the transaction that also closes the gate and marks the row: it happens once. Keep it short. */
  apply?(tx: Transaction, event: EventEnvelope<P>): Promise<void>;
  readonly retry?: Partial<RetryPolicy>;
}

const NAME = /^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$/;

/** The handlers by event type. Thrown when a name has another form or is taken twice, or a handler does nothing. */
export class HandlerRegistry {
  readonly #byType = new Map<string, EventHandler[]>();

  constructor(handlers: readonly EventHandler[]) {
    const names = new Set<string>();
    for (const handler of handlers) {
      if (!NAME.test(handler.name)) throw new Error(`Name the handler "${handler.name}" as <context>.<handler>.`);
      if (names.has(handler.name)) throw new Error(`Two handlers are named ${handler.name}; one would hide the other.`);
      if (handler.before === undefined && handler.apply === undefined) {
        throw new Error(`The handler ${handler.name} has neither before nor apply.`);
      }
      names.add(handler.name);
      const same = this.#byType.get(handler.eventType);
      if (same === undefined) this.#byType.set(handler.eventType, [handler]);
      else same.push(handler);
    }
  }

  of(eventType: string): readonly EventHandler[] {
    return this.#byType.get(eventType) ?? [];
  }

  /** Names of the handlers that work outside the transaction. */
  beforeHandlers(): string[] {
    const all = [...this.#byType.values()].flat();
    return all.filter((handler) => handler.before !== undefined).map((handler) => handler.name);
  }

  /** Attempts that a crashing row of each type has, for the reaper: the most that any of its handlers allows. */
  attemptLimits(): { eventTypes: string[]; maxAttempts: number[] } {
    const limits = { eventTypes: [] as string[], maxAttempts: [] as number[] };
    for (const [eventType, handlers] of this.#byType) {
      limits.eventTypes.push(eventType);
      limits.maxAttempts.push(
        Math.max(...handlers.map((handler) => handler.retry?.maxAttempts ?? DEFAULT_RETRY_POLICY.maxAttempts)),
      );
    }
    return limits;
  }
}
