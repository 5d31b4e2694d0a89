import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { Queryable } from './queryable.js';
import { isConnectionError } from './unavailable.js';

declare const inTransaction: unique symbol;

/**
 * An open transaction. The brand makes it a type that only `withTransaction` can hand out, so a function that takes one
 * (above all the event publisher) cannot be called outside a transaction. After the end every query on it is refused.
 */
export interface Transaction extends Queryable {
  readonly [inTransaction]: true;
}

export interface TransactionOptions {
  /** When it aborts, the connection is destroyed: the server rolls back, and late queries of the abandoned work fail. */
  readonly signal?: AbortSignal;
  /** Runs when the work is done and nothing is committed yet. */
  readonly beforeCommit?: () => Promise<void>;
}

/**
 * One round trip opens the transaction and bounds it: a process that freezes in the middle must not keep its row locks
 * and hold back vacuum for good (60 s is the claim TTL of the outbox; 30 s is above HANDLER_MAX). The server also looks
 * every 500 ms whether the client is still there, so that the locks of an abandoned long statement go with it.
 */
const BEGIN = `
  begin;
  set local idle_in_transaction_session_timeout = '60s';
  set local statement_timeout = '30s';
  set local client_connection_check_interval = '500ms'`;

/**
 * Runs `fn` in one transaction: commits when it resolves, rolls back when it throws. A connection that broke or whose
 * state is unknown is closed, never handed to the next caller.
 *
 * Throws what `fn` throws, or the driver's error. A connection error out of the commit itself leaves the outcome
 * unknown: callers whose effects are idempotent may repeat.
 */
export async function withTransaction<T>(
  pool: Pool,
  fn: (tx: Transaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const { signal, beforeCommit } = options;
  const client = await pool.connect();
  const lease = new ClientLease(client);
  if (signal?.aborted === true) {
    lease.giveBack();
    throw asError(signal.reason);
  }
  const abort = (): void => {
    lease.destroy(asError(signal?.reason));
  };
  signal?.addEventListener('abort', abort, { once: true });
  const tx = new OpenTransaction(client);
  try {
    await client.query(BEGIN);
    const result = await fn(tx as unknown as Transaction);
    await beforeCommit?.();
    tx.close();
    await client.query('commit');
    lease.giveBack();
    return result;
  } catch (error) {
    tx.close();
    await rollBack(client, lease, error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

async function rollBack(client: PoolClient, lease: ClientLease, error: unknown): Promise<void> {
  if (lease.ended) return;
  if (isConnectionError(error)) {
    lease.destroy(asError(error));
    return;
  }
  try {
    await client.query('rollback');
    lease.giveBack();
  } catch (rollbackError) {
    lease.destroy(asError(rollbackError));
  }
}

/** Gives a client back to its pool exactly once, whole or destroyed. */
class ClientLease {
  ended = false;

  constructor(private readonly client: PoolClient) {
    // The pool listens for errors of idle clients only; without a listener a broken busy client ends the process.
    client.on('error', ClientLease.#reportedByQuery);
  }

  static readonly #reportedByQuery = (): void => {
    // The query in flight rejects with the same error.
  };

  giveBack(): void {
    this.#end(undefined);
  }

  destroy(error: Error): void {
    this.#end(error);
  }

  #end(error: Error | undefined): void {
    if (this.ended) return;
    this.ended = true;
    if (error === undefined) this.client.off('error', ClientLease.#reportedByQuery);
    this.client.release(error);
  }
}

class OpenTransaction implements Queryable {
  #open = true;

  constructor(private readonly client: PoolClient) {}

  query<R extends QueryResultRow = QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<R>> {
    if (!this.#open)
      return Promise.reject(new Error('This transaction has ended; its handle must not be used any more.'));
    return this.client.query<R>(text, values);
  }

  close(): void {
    this.#open = false;
  }
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
