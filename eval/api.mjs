// Requests to the public API as any client makes them, with the waits that the service asks for.
import { setTimeout as sleep } from 'node:timers/promises';

const ATTEMPTS = 10;
const BUSY = new Set([429, 503]);
const LONGEST_WAIT_MS = 30_000;
const SHORTEST_WAIT_MS = 200;

/** Thrown for an answer that is no success; the message is the service's own. */
export class AnswerError extends Error {}

function waitMs(response, attempt) {
  const asked = Number(response?.headers.get('retry-after') ?? Number.NaN) * 1000;
  const wait = Number.isFinite(asked) ? asked : SHORTEST_WAIT_MS * 2 ** attempt;
  return Math.min(Math.max(wait, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
}

/**
 * Calls of one service with one key.
 *
 * @param {{ url: string, key: string, signal: AbortSignal }} options
 * @returns {(method: string, path: string, body?: { json?: unknown, form?: () => FormData, headers?: Record<string, string> })
 *   => Promise<any>} waits and tries again while the service is busy or unreachable; only for requests that may be
 *   repeated. Throws AnswerError for any other failure, and the signal's reason once it is aborted.
 */
export function openApi({ url, key, signal }) {
  return async (method, path, { json, form, headers = {} } = {}) => {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      let response = null;
      try {
        response = await fetch(`${url}${path}`, {
          method,
          signal,
          headers: {
            authorization: `Bearer ${key}`,
            ...(json === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          body: form ? form() : json === undefined ? undefined : JSON.stringify(json),
        });
        if (response.ok) return response.status === 204 ? null : await response.json();
      } catch (error) {
        signal.throwIfAborted();
        if (attempt === ATTEMPTS) throw error;
      }
      if (response && (!BUSY.has(response.status) || attempt === ATTEMPTS))
        throw new AnswerError(`${method} ${path} answered ${response.status}: ${await response.text()}`);
      await response?.body?.cancel();
      await sleep(waitMs(response, attempt), undefined, { signal });
    }
  };
}
