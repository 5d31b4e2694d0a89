import type { ServerResponse } from 'node:http';
import { UnavailableError } from '#libs/contracts/index.js';

/** Seconds that a refused client should wait: requests are short, so room is found soon. */
const RETRY_AFTER_S = 1;

/**
 * The requests that this process works on. Above the limit the next one is refused at once, which costs nothing, rather
 * than let all become slow; and a process that stops takes no more.
 */
export class InFlightRequests {
  readonly #limit: number;
  #count = 0;
  #stopping = false;
  #empty: (() => void) | undefined;

  /** @param limit most requests at once */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Counts a request until its response is over, sent or cut off.
   * @throws UnavailableError (`overloaded`, `stopping`) when it must not be worked on.
   */
  enter(response: ServerResponse): void {
    if (this.#stopping) {
      throw new UnavailableError('This process stops and takes no more requests. Nothing was accepted; try again.', {
        code: 'stopping',
        retryAfterSeconds: RETRY_AFTER_S,
      });
    }
    if (this.#count >= this.#limit) {
      throw new UnavailableError(
        `This process already works on ${this.#limit} requests (SPECTRA_MAX_IN_FLIGHT). Nothing was accepted; try again.`,
        { code: 'overloaded', retryAfterSeconds: RETRY_AFTER_S },
      );
    }
    this.#count += 1;
    response.once('close', () => {
      this.#count -= 1;
      if (this.#count === 0) this.#empty?.();
    });
  }

  /** Refuses new requests from now on; resolves when the last one is over, or after `graceMs` at the latest. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#empty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
