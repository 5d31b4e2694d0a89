import {
  CallTerminatedError,
  ConnectionUnavailableError,
  HttpConnectionError,
  InvalidSessionError,
  ReconnectExhaustionError,
  UnexpectedConnectionError,
  type SurrealSession,
  type SurrealTransaction,
} from 'surrealdb';
import pRetry from 'p-retry';
import { UnavailableError } from '#libs/contracts/index.js';

export type Bindings = Readonly<Record<string, unknown>>;

/** Conflicts of the optimistic engine: a unit is sent again up to this often, 5-500 ms apart with jitter. */
const CONFLICT_RETRY = { retries: 10, minTimeout: 5, maxTimeout: 500, factor: 2, randomize: true } as const;

/** Engines word a conflict differently; that it "can be retried" is what they agree on. The driver's own retry misses some. */
function isConflict(error: unknown): boolean {
  return error instanceof Error && error.message.includes('can be retried');
}

const CONNECTION_ERRORS = [
  CallTerminatedError,
  ConnectionUnavailableError,
  HttpConnectionError,
  InvalidSessionError,
  ReconnectExhaustionError,
  UnexpectedConnectionError,
];

/** Longest wait for an answer. The driver itself waits for ever while it reconnects. */
const ANSWER_TIMEOUT_MS = 20_000;

async function answered<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new UnavailableError('SurrealDB does not answer.', { code: 'surrealdb_unavailable' }));
    }, ANSWER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, silence]);
  } catch (error) {
    throw translate(error);
  } finally {
    clearTimeout(timer);
  }
}

function translate(error: unknown): unknown {
  if (CONNECTION_ERRORS.some((kind) => error instanceof kind)) {
    return new UnavailableError('SurrealDB does not answer.', { code: 'surrealdb_unavailable', cause: error });
  }
  return error;
}

/** What statements of a failed transaction say that are not the reason why it failed. */
const CONSEQUENCE = /not executed due to a (failed|cancelled) transaction/i;

/** One result per statement; of several failures, the one that caused the others is thrown. */
async function collect(
  session: SurrealSession | SurrealTransaction,
  statements: string,
  bindings: Bindings,
): Promise<unknown[]> {
  const responses = await session.query(statements, bindings).json().responses();
  const failures = responses.flatMap((response) => (response.success ? [] : [response.error]));
  const cause = failures.find((failure) => !CONSEQUENCE.test(failure.message)) ?? failures[0];
  if (cause) throw cause;
  return responses.map((response) => (response.success ? response.result : undefined));
}

/**
 * Runs statements and returns one result per statement, as JSON (record ids and instants become strings).
 * Every statement's result is checked: the first that failed rejects.
 * @throws UnavailableError when the connection is down.
 */
export async function query<R extends unknown[]>(
  session: SurrealSession | SurrealTransaction,
  statements: string,
  bindings: Bindings = {},
): Promise<R> {
  return (await answered(collect(session, statements, bindings))) as R;
}

/**
 * Runs one atomic unit: a single statement, or several between BEGIN and COMMIT. It is sent again, bounded and
 * jittered, when the engine reports a conflict with another transaction.
 * @throws UnavailableError when the connection is down.
 */
export async function atomic<R extends unknown[]>(
  session: SurrealSession,
  unit: string,
  bindings: Bindings = {},
): Promise<R> {
  return pRetry(async () => (await answered(collect(session, unit, bindings))) as R, {
    ...CONFLICT_RETRY,
    shouldRetry: ({ error }) => isConflict(error),
  });
}
