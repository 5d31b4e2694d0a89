import { setTimeout as sleep } from 'node:timers/promises';
import { SpectraError } from '#libs/contracts/index.js';
import type { KeptEngine } from './kept-engine.js';

/** Thrown inside a start when the engine ended before it was ready; another attempt may succeed. */
export class EngineEndedError extends SpectraError {
  constructor(title: string, engine: KeptEngine) {
    super({
      status: 503,
      code: 'engine_not_started',
      message: `${title} did not start: ${lastComplaint(engine.logged())} Its log is ${engine.logFile}.`,
      retryable: true,
    });
  }
}

/** The line of a log that most likely says why: the last with a word of failure, else the last. */
function lastComplaint(log: string): string {
  const lines = log
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const line =
    lines.findLast((candidate) => /fatal|panic|error/i.test(candidate)) ?? lines.at(-1) ?? 'it ended without a word';
  return `${line.slice(0, 300).replace(/\.$/, '')}.`;
}

/**
 * Calls `probe` until it resolves. Probes throw while the engine is not ready yet; a SpectraError from one is final.
 *
 * Thrown when the engine ends first (EngineEndedError) or is not ready after `timeoutMs`.
 */
export async function untilReady<T>(
  title: string,
  engine: KeptEngine,
  timeoutMs: number,
  probe: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  const engineState = { ended: false };
  void engine.exited.then(() => {
    engineState.ended = true;
  });
  for (;;) {
    try {
      const result = await probe();
      // Another program may answer on the port that our engine just failed to bind.
      if (engineState.ended) throw new EngineEndedError(title, engine);
      return result;
    } catch (cause) {
      if (cause instanceof SpectraError) throw cause;
      if (engineState.ended) throw new EngineEndedError(title, engine);
      if (performance.now() > deadline) {
        throw new SpectraError({
          status: 503,
          code: 'engine_not_ready',
          message: `${title} was not ready after ${Math.round(timeoutMs / 1000)} s; its log is ${engine.logFile}.`,
          cause,
        });
      }
    }
    await sleep(30);
  }
}
