import { setTimeout as sleep } from 'node:timers/promises';
import { clearUpUploads } from '#libs/documents/index.js';
import type { Services } from '../../spectrad/services.js';

const EVERY_MS = 60 * 60_000;

/** Clears up after uploads whose process died: when an api starts, and every hour. Several may do so side by side. */
export class UploadSweeper {
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly services: Pick<Services, 'pool' | 'objects' | 'server' | 'registry' | 'logger'>) {}

  start(): void {
    this.#running = this.#sweep();
    this.#timer = setInterval(() => {
      this.#running = this.#sweep();
    }, EVERY_MS).unref();
  }

  /** A sweep that runs ends with the file it is at. Resolves then, or after `withinMs`: a store may never answer. */
  async stop(withinMs: number): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await Promise.race([this.#running, sleep(withinMs, undefined, { ref: false })]);
  }

  async #sweep(): Promise<void> {
    const { pool, objects, server, registry, logger } = this.services;
    try {
      const { halves, orphans, failed, error } = await clearUpUploads(
        {
          pool,
          objects,
          sessionOf: async (contextId) => {
            const context = await registry.find(contextId);
            return context ? server.session(context.ref) : null;
          },
        },
        { signal: this.#stopping.signal },
      );
      if (halves + orphans > 0) logger.info({ halves, orphans }, 'removed what broken uploads had left behind');
      if (failed > 0)
        logger.warn({ err: error, failed }, 'files of broken uploads could not be judged; the next sweep tries again');
    } catch (error) {
      logger.warn({ err: error }, 'clearing up after broken uploads failed; the next sweep tries again');
    }
  }
}
