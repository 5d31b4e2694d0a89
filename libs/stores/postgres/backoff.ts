export interface Backoff {
  /** Upper bound of the first delay, in milliseconds. */
  readonly baseMs: number;
  /** Upper bound of every delay, in milliseconds. */
  readonly capMs: number;
}

/**
 * Exponential back-off with full jitter: uniform in [0, min(capMs, baseMs * 2^(attempt - 1))), in milliseconds.
 * Full jitter because many processes meet the same outage at the same instant
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param attempt 1 for the first delay
 * @param random uniform in [0, 1)
 */
export function fullJitterMs({ baseMs, capMs }: Backoff, attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(capMs, baseMs * 2 ** (attempt - 1));
}
