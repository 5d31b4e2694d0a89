import type { Pool } from 'pg';
import { isConnectionError, isServerShutdown, withTransaction, type Transaction } from '#libs/stores/postgres/index.js';
import { bounded } from './bounded.js';
import { DependencyDownError } from './errors.js';
import { gateAndMark, passGate, type GateEntry } from './gate.js';
import type { EventHandler } from './handler.js';
import type { HeldRow } from './held-row.js';
import { lockHeld, markDelivered, markFailures } from './mark.js';
import { DEFAULT_RETRY_POLICY, type HandlerFailure } from './retry.js';

export type Settled =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retried'; readonly delayMs: number; readonly failures: readonly HandlerFailure[] }
  | { readonly kind: 'failed'; readonly failures: readonly HandlerFailure[] }
  /** Another claim may own the row by now; nothing of this one was written. */
  | { readonly kind: 'lost' };

/** A row whose `before` handlers have run. */
export interface Ready {
  readonly row: HeldRow;
  readonly handlers: readonly EventHandler[];
}

export interface SettleContext {
  readonly pool: Pool;
  readonly handlerMaxMs: number;
  readonly random: () => number;
  readonly fault: (point: string) => Promise<void>;
}

/** Stands for the handler in failures that no handler caused. */
export const RELAY = 'relay';

const DELIVERED: Settled = { kind: 'delivered' };
const LOST: Settled = { kind: 'lost' };

function gateEntries(ready: readonly Ready[]): GateEntry[] {
  return ready.flatMap(({ row, handlers }) => handlers.map((handler) => ({ row, handler })));
}

/** Rows whose handlers have no effect in this database: gate and mark in one statement. */
export async function settleWithoutEffects(context: SettleContext, ready: Ready[]): Promise<Settled[]> {
  await context.fault('before-commit');
  const marked = await gateAndMark(
    context.pool,
    ready.map(({ row }) => row),
    [...new Set(ready.flatMap(({ handlers }) => handlers))],
  );
  await context.fault('after-commit');
  return ready.map(({ row }) => (marked.has(row.id) ? DELIVERED : LOST));
}

/**
 * Rows with effects, in one transaction: one gate, the effects in the order of the rows, one mark. Any error rolls all
 * of it back; the caller then settles each row alone, so that only the failing one pays.
 */
export async function settleTogether(context: SettleContext, ready: Ready[]): Promise<Settled[]> {
  const abandoned = new AbortController();
  const held = await withTransaction(
    context.pool,
    async (tx) => {
      const rows = ready.map(({ row }) => row);
      const mine = new Set(await lockHeld(tx, rows));
      const still = ready.filter(({ row }) => mine.has(row));
      for (const { row, handler } of await passGate(tx, gateEntries(still))) {
        await applyBounded(context, tx, row, handler, abandoned);
      }
      if ((await markDelivered(tx, [...mine])) !== mine.size) throw new Error('a locked row lost its token');
      return mine;
    },
    { signal: abandoned.signal, beforeCommit: () => context.fault('before-commit') },
  );
  await context.fault('after-commit');
  return ready.map(({ row }) => (held.has(row) ? DELIVERED : LOST));
}

/**
 * One row in its own transaction, each handler in a savepoint: handlers that succeed stay done (their gate is closed),
 * only the failing ones are tried again. `failures` are those that `before` already had.
 *
 * A handler that takes the transaction down with it (time-out, lost connection while it ran) is added to the failures
 * and the rest is done again without it; so is an error of the commit itself (a deferred constraint), which fails the
 * row as a whole. Throws DependencyDownError, the abort reason of the row, or a connection error for which no handler
 * is to blame: the row is then to be released.
 */
export async function settleAlone(
  context: SettleContext,
  { row, handlers }: Ready,
  failures: readonly HandlerFailure[],
): Promise<Settled> {
  let known = [...failures];
  for (;;) {
    const attempt = new LoneAttempt(context, row, handlers, known);
    try {
      return await attempt.run();
    } catch (error) {
      if (row.abort.signal.aborted || error instanceof DependencyDownError || isServerShutdown(error)) throw error;
      const culprit = attempt.running;
      if (culprit !== undefined) known = [...known, failureOf(culprit, error)];
      else if (isConnectionError(error) || known.some((failure) => failure.handler === RELAY)) throw error;
      else known = [...known, { handler: RELAY, error, policy: DEFAULT_RETRY_POLICY }];
    }
  }
}

export function failureOf(handler: EventHandler, error: unknown): HandlerFailure {
  return { handler: handler.name, error, policy: { ...DEFAULT_RETRY_POLICY, ...handler.retry } };
}

class LoneAttempt {
  /** The handler whose effect is being applied. */
  running: EventHandler | undefined;
  readonly #abandoned = new AbortController();

  constructor(
    private readonly context: SettleContext,
    private readonly row: HeldRow,
    private readonly handlers: readonly EventHandler[],
    private readonly known: readonly HandlerFailure[],
  ) {}

  async run(): Promise<Settled> {
    const settled = await withTransaction(this.context.pool, (tx) => this.#inTransaction(tx), {
      signal: this.#abandoned.signal,
      beforeCommit: () => this.context.fault('before-commit'),
    });
    await this.context.fault('after-commit');
    return settled;
  }

  async #inTransaction(tx: Transaction): Promise<Settled> {
    if ((await lockHeld(tx, [this.row])).length === 0) return LOST;
    const failures = [...this.known];
    const rowFailed = failures.some((failure) => failure.handler === RELAY);
    const failed = new Set(failures.map((failure) => failure.handler));
    for (const handler of this.handlers) {
      if (rowFailed || failed.has(handler.name)) continue;
      const failure = await this.#inSavepoint(tx, handler);
      if (failure !== undefined) failures.push(failure);
    }
    if (failures.length > 0) {
      const verdict = await markFailures(tx, this.row, failures, this.context.random);
      return verdict.kind === 'fail'
        ? { kind: 'failed', failures }
        : { kind: 'retried', delayMs: verdict.delayMs, failures };
    }
    if ((await markDelivered(tx, [this.row])) !== 1) throw new Error('a locked row lost its token');
    return DELIVERED;
  }

  async #inSavepoint(tx: Transaction, handler: EventHandler): Promise<HandlerFailure | undefined> {
    await tx.query('savepoint handler');
    try {
      const [open] = await passGate(tx, [{ row: this.row, handler }]);
      this.running = handler;
      if (open !== undefined) await applyBounded(this.context, tx, this.row, handler, this.#abandoned);
      this.running = undefined;
    } catch (error) {
      if (error instanceof DependencyDownError || this.#abandoned.signal.aborted || isConnectionError(error))
        throw error;
      this.running = undefined;
      await tx.query('rollback to savepoint handler');
      return failureOf(handler, error);
    }
    await tx.query('release savepoint handler');
    return undefined;
  }
}

/** `abandoned` aborts with the handler: the connection is destroyed, and what the handler still sends goes nowhere. */
async function applyBounded(
  { handlerMaxMs }: SettleContext,
  tx: Transaction,
  row: HeldRow,
  handler: EventHandler,
  abandoned: AbortController,
): Promise<void> {
  if (handler.apply === undefined) return;
  await bounded(
    async (signal) => {
      signal.addEventListener(
        'abort',
        () => {
          abandoned.abort(signal.reason);
        },
        { once: true },
      );
      await handler.apply?.(tx, row.event);
    },
    handlerMaxMs,
    row.abort.signal,
  );
}
