import { HandlerTimeoutError } from './errors.js';

/**
 * Runs `work` for at most `limitMs`, and only while `outer` has not aborted. When either happens, the signal that the
 * work was given aborts and the promise rejects at once: with HandlerTimeoutError or with the outer reason. Work that
 * ignores its signal goes on unheard; whatever it does must be harmless by then (see the claim token).
 */
export async function bounded<T>(
  work: (signal: AbortSignal) => Promise<T>,
  limitMs: number,
  outer: AbortSignal,
): Promise<T> {
  outer.throwIfAborted();
  const inner = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onOuter = (): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    const stop = (reason: unknown): void => {
      inner.abort(reason);
      reject(asError(reason));
    };
    timer = setTimeout(() => {
      stop(new HandlerTimeoutError(limitMs));
    }, limitMs);
    onOuter = () => {
      stop(outer.reason);
    };
    outer.addEventListener('abort', onOuter, { once: true });
  });
  try {
    return await Promise.race([work(inner.signal), stopped]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', onOuter);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
