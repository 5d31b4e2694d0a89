import { clearUpUploads } from '#libs/documents/index.js';
import type { Services } from '../../spectrad/services.js';

const EVERY_MS = 60 * 60_000;

/** Clears up after uploads whose process died: when an api starts, and every hour. Several may do so side by side. */
export class UploadSweeper {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly services: Pick<Services, 'pool' | 'objects' | 'server' | 'registry' | 'logger'>) {}

  start(): void {
    this.#running = this.#sweep();
    this.#timer = setInterval(() => {
      this.#running = this.#sweep();
    }, EVERY_MS).unref();
  }

  /** Resolves when a sweep that runs has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #sweep(): Promise<void> {
    const { pool, objects, server, registry, logger } = this.services;
    try {
      const removed = await clearUpUploads({
        pool,
        objects,
        sessionOf: async (contextId) => {
          const context = await registry.find(contextId);
          return context ? server.session(context.ref) : null;
        },
      });
      if (removed.halves + removed.orphans > 0) logger.info(removed, 'removed what broken uploads had left behind');
    } catch (error) {
      logger.warn({ err: error }, 'clearing up after broken uploads failed; the next sweep tries again');
    }
  }
}
