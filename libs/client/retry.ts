import { ApiError, ConnectionError } from './errors.js';

/** Waits before the second, third and fourth attempt, as the official clients have them. */
const DELAYS_MS = [250, 500, 1000] as const;
/** A server that asks for a longer wait than this gets no further attempt: the caller should hear of it now. */
const MAX_RETRY_AFTER_MS = 30_000;

/** Milliseconds that a `Retry-After` header (delta-seconds or HTTP date) asks for; undefined when absent or unreadable. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const value = header.trim();
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/**
 * How long to wait before the next attempt, or undefined when another attempt is pointless. Only a broken connection
 * and a 5xx can heal by themselves; 501 says that it never will.
 *
 * @param failures attempts that have failed so far, from 1
 */
export function retryDelayMs(error: unknown, failures: number): number | undefined {
  const own = DELAYS_MS[Math.min(failures, DELAYS_MS.length) - 1] ?? DELAYS_MS[0];
  if (error instanceof ConnectionError) return error.retryable ? own : undefined;
  if (!(error instanceof ApiError) || error.status < 500 || error.status === 501) return undefined;
  const asked = error.retryAfterMs ?? 0;
  return asked > MAX_RETRY_AFTER_MS ? undefined : Math.max(own, asked);
}
