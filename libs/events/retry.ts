import { ValidationError } from '#libs/contracts/index.js';
import { fullJitterMs } from '#libs/stores/postgres/index.js';
import { TerminalHandlerError } from './errors.js';

export interface RetryPolicy {
  /** Upper bound of the first delay, in milliseconds. */
  readonly baseMs: number;
  /** Upper bound of every delay, in milliseconds. */
  readonly capMs: number;
  /** Claims until the row becomes a dead letter. */
  readonly maxAttempts: number;
  /** Errors of this handler that no retry can heal, besides those that are terminal for everyone. */
  readonly isTerminal?: (error: unknown) => boolean;
}

/** 1 s x2, at most 300 s, full jitter, 5 attempts: the published policy of the event substrate. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { baseMs: 1_000, capMs: 300_000, maxAttempts: 5 };

/** One handler's failure on one row. */
export interface HandlerFailure {
  /** Name of the handler, or `relay` where no handler was reached. */
  readonly handler: string;
  readonly error: unknown;
  readonly policy: RetryPolicy;
}

export type Verdict = { readonly kind: 'retry'; readonly delayMs: number } | { readonly kind: 'fail' };

/**
 * What becomes of a row of which handlers failed. Co-handlers share its fate: one terminal error, or one handler whose
 * attempts are spent, makes it a dead letter; else it waits as long as the most patient of them asks for.
 *
 * @param attempt claims so far, this one included
 */
export function judge(
  failures: readonly HandlerFailure[],
  attempt: number,
  random: () => number = Math.random,
): Verdict {
  if (failures.some(({ error, policy }) => attempt >= policy.maxAttempts || isTerminal(error, policy))) {
    return { kind: 'fail' };
  }
  return { kind: 'retry', delayMs: Math.max(...failures.map(({ policy }) => fullJitterMs(policy, attempt, random))) };
}

/** Validation and integrity errors (SQLSTATE class 23) mean the same thing however often they are tried. */
function isTerminal(error: unknown, policy: RetryPolicy): boolean {
  if (error instanceof TerminalHandlerError || error instanceof ValidationError) return true;
  if (error instanceof Error && error.name === 'ZodError') return true;
  if (typeof error === 'object' && error !== null && 'code' in error) {
    if (typeof error.code === 'string' && /^23[0-9A-Z]{3}$/.test(error.code)) return true;
  }
  return policy.isTerminal?.(error) ?? false;
}

const MAX_ERROR_LENGTH = 1_000;

/**
 * The text for `last_error`: handler, class, message. Only the message: details of database errors quote row values.
 * NUL is not a character that Postgres text can hold.
 */
export function describeFailures(failures: readonly HandlerFailure[]): string {
  return failures
    .map(({ handler, error }) => `${handler}: ${describeError(error)}`)
    .join('\n')
    .replaceAll('\0', '')
    .slice(0, MAX_ERROR_LENGTH * 2);
}

export function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `thrown value of type ${typeof error}`;
  return text.length > MAX_ERROR_LENGTH ? `${text.slice(0, MAX_ERROR_LENGTH)}...` : text;
}
