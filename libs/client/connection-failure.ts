import { ConnectionError } from './errors.js';

const TRANSIENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
const CUT_OFF = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_BODY_TIMEOUT']);

// What fetch throws is read by its shape: it may come from another realm or another implementation than ours.
type Thrown = { readonly code?: unknown; readonly message?: unknown; readonly cause?: unknown } | null | undefined;

function chain(error: unknown): NonNullable<Thrown>[] {
  const thrown = typeof error === 'object' ? (error as Thrown) : undefined;
  return thrown ? [thrown, ...chain(thrown.cause)] : [];
}

function codeOf(error: unknown): string | undefined {
  return chain(error)
    .map(({ code }) => code)
    .find((code) => typeof code === 'string');
}

/** The sentence that undici gives where it has no code, e.g. "bad port". */
function reasonOf(error: unknown): string {
  const message = chain(error).at(-1)?.message;
  return typeof message === 'string' ? message : 'for no reason given';
}

function sentence(code: string, url: string, error: unknown): string {
  if (code === 'ECONNREFUSED') return `Nothing answers at ${url}; is it running? Start it with \`npm start\`.`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `The host of ${url} is not known; check the URL and the network.`;
  if (CUT_OFF.has(code)) return `The connection to ${url} was cut before the answer was complete.`;
  if (code.includes('CERT') || code.includes('TLS') || code.includes('SSL') || code.includes('SIGNATURE'))
    return `${url} could not be trusted (${code}); check its certificate, or the scheme of the URL.`;
  if (reasonOf(error) === 'unexpected redirect') return `${url} redirects to another address; use that one.`;
  return `${url} cannot be reached (${code === 'UNKNOWN' ? reasonOf(error) : code}).`;
}

/** Turns what `fetch` throws when no answer came into an error that says what to do. */
export function connectionFailure(url: string, error: unknown): ConnectionError {
  const code = codeOf(error) ?? 'UNKNOWN';
  return new ConnectionError(code, sentence(code, url, error), { retryable: TRANSIENT.has(code), cause: error });
}

/** What is thrown when the time limit of a request ran out. */
export function timeoutFailure(url: string, timeoutMs: number): ConnectionError {
  return new ConnectionError('TIMEOUT', `${url} did not answer within ${Math.round(timeoutMs / 1000)} s.`, {
    retryable: false,
  });
}
