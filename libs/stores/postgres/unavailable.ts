import { UnavailableError } from '#libs/contracts/index.js';

/** Socket and name-resolution errors of Node that mean "no conversation with the server". */
const SOCKET_ERRORS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/**
 * SQLSTATEs that say the server cannot serve anyone now: class 08 (connection), admin and crash shutdown, starting up,
 * idle-session and transaction time-outs that end the session, too many connections
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
const SERVER_ERRORS: ReadonlySet<string> = new Set([
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
  '25P03',
  '25P04',
  '53300',
]);

/** Driver errors have no code; these are the texts of pg 8 and pg-pool 3. */
const DRIVER_TEXTS =
  /^(Connection terminated|Client was closed|Client has encountered a connection error|Query read timeout|timeout (expired|exceeded when trying to connect)|Cannot use a pool after calling end)/;

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether the error says that the conversation with Postgres failed, as opposed to a statement that Postgres refused. */
export function isConnectionError(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return SOCKET_ERRORS.has(code) || SERVER_ERRORS.has(code) || /^08...$/.test(code);
  return error instanceof Error && DRIVER_TEXTS.test(error.message);
}

/** Whether the server ended the session by itself (restart, crash of another session), so no statement of ours is to blame. */
export function isServerShutdown(error: unknown): boolean {
  const code = codeOf(error);
  return code === '57P01' || code === '57P02' || code === '57P03';
}

/**
 * The error to show to a caller: connection-class errors become an UnavailableError (503, retry is safe), a full disk one
 * with code `storage_full`; everything else comes back as it was.
 */
export function toUnavailable(error: unknown): Error {
  if (isConnectionError(error)) {
    return new UnavailableError('The database does not answer. Nothing was accepted; try again.', {
      code: 'database_unavailable',
      cause: error,
    });
  }
  if (codeOf(error) === '53100') {
    return new UnavailableError(
      'The database has no disk space left. Nothing was accepted; free space, then try again.',
      {
        code: 'storage_full',
        retryAfterSeconds: 30,
        cause: error,
      },
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
