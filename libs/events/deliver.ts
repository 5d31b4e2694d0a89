import { isConnectionError } from '#libs/stores/postgres/index.js';
import { continueTrace, runInTrace } from '#libs/telemetry/index.js';
import { bounded } from './bounded.js';
import { checkPayload } from './envelope.js';
import { DependencyDownError, ShutdownError, TerminalHandlerError } from './errors.js';
import { GroupCommit } from './group-commit.js';
import type { EventHandler, HandlerRegistry } from './handler.js';
import type { HeldRow } from './held-row.js';
import { DEFAULT_RETRY_POLICY, type HandlerFailure } from './retry.js';
import { Lanes } from './lanes.js';
import {
  RELAY,
  failureOf,
  settleAlone,
  settleTogether,
  settleWithoutEffects,
  type Ready,
  type SettleContext,
  type Settled,
} from './settle.js';

export type Delivery =
  | Settled
  /** The claim ends without a verdict on the row: its attempt is given back. */
  | { readonly kind: 'give-back'; readonly because: 'shutdown' | 'lease' | 'database' }
  | { readonly kind: 'give-back'; readonly because: 'dependency'; readonly error: DependencyDownError };

/** Rows that go through one gate together: enough to make a commit cheap, few enough to redo one by one. */
const GROUP = { withoutEffects: 500, withEffects: 50 };

/** Brings claimed rows to their handlers and writes down what became of them. */
export class Deliverer {
  readonly #plain: GroupCommit<Ready, Settled>;
  readonly #effectful: GroupCommit<Ready, Settled>;
  readonly #alone: Lanes;

  /** @param connections how many of the pool's the delivery may use at once */
  constructor(
    private readonly context: SettleContext,
    private readonly registry: HandlerRegistry,
    connections: number,
  ) {
    const groups = connections >= 6 ? 2 : 1;
    this.#plain = new GroupCommit((ready) => settleWithoutEffects(context, ready), {
      groups,
      items: GROUP.withoutEffects,
    });
    this.#effectful = new GroupCommit((ready) => settleTogether(context, ready), { groups, items: GROUP.withEffects });
    this.#alone = new Lanes(Math.max(1, connections - 2 * groups));
  }

  /** Delivers one row. Rejects only for what is a defect of the relay itself; the lease then runs out. */
  async deliver(row: HeldRow): Promise<Delivery> {
    try {
      const { traceContext } = row.event;
      if (traceContext === null) return await this.#deliver(row);
      return await runInTrace(continueTrace(traceContext), () => this.#deliver(row));
    } catch (error) {
      if (row.abort.signal.aborted) {
        const reason: unknown = row.abort.signal.reason;
        return { kind: 'give-back', because: reason instanceof ShutdownError ? 'shutdown' : 'lease' };
      }
      if (error instanceof DependencyDownError) return { kind: 'give-back', because: 'dependency', error };
      if (isConnectionError(error)) return { kind: 'give-back', because: 'database' };
      throw error;
    }
  }

  async #deliver(row: HeldRow): Promise<Delivery> {
    const handlers = this.registry.of(row.event.eventType);
    const failures = await this.#before(row, handlers);
    await this.context.fault('after-start');
    row.abort.signal.throwIfAborted();
    const ready = { row, handlers };
    if (failures.length === 0) {
      const group = this.#groupFor(row, handlers);
      const settled = group && (await group.add(ready).catch(() => undefined)); // A failed group is redone row by row.
      if (settled !== undefined) return settled;
    }
    return this.#alone.run(() => settleAlone(this.context, ready, failures));
  }

  /** A row that failed before goes through its gate alone, or it would take its whole group down each time. */
  #groupFor(row: HeldRow, handlers: readonly EventHandler[]): GroupCommit<Ready, Settled> | undefined {
    if (!handlers.some((handler) => handler.apply !== undefined)) return this.#plain;
    return row.event.attempt === 1 ? this.#effectful : undefined;
  }

  /** Runs `before` of the handlers side by side. @returns those that failed; throws when a dependency is down */
  async #before(row: HeldRow, handlers: readonly EventHandler[]): Promise<HandlerFailure[]> {
    const { event } = row;
    try {
      if (handlers.length === 0) {
        throw new TerminalHandlerError(
          `no handler is registered for the event type ${event.eventType} in generation ${event.generation}`,
        );
      }
      checkPayload(event);
    } catch (error) {
      return [{ handler: RELAY, error, policy: DEFAULT_RETRY_POLICY }];
    }
    const failures: HandlerFailure[] = [];
    const run = async (handler: EventHandler): Promise<void> => {
      if (handler.before === undefined || row.handledBy.includes(handler.name)) return;
      try {
        await bounded(async (signal) => handler.before?.(event, signal), this.context.handlerMaxMs, row.abort.signal);
      } catch (error) {
        failures.push(failureOf(handler, error));
      }
    };
    await Promise.all(handlers.map(run));
    row.abort.signal.throwIfAborted();
    const down = failures.find((failure) => failure.error instanceof DependencyDownError);
    if (down !== undefined) throw down.error;
    return failures;
  }
}
