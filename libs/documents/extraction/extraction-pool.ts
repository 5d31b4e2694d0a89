import { UnavailableError } from '#libs/contracts/index.js';
import { localEmbeddings, type EmbeddingModel } from '#libs/models/index.js';
import type { PreparedDocument } from './prepared-document.js';
import { ExtractionThread, type TaskOptions, type ThreadLimits } from './thread.js';

export interface ExtractionPoolOptions extends ThreadLimits {
  /** Most threads at a time. They are started when they are needed and kept. */
  readonly threads: number;
}

export interface DocumentToPrepare {
  readonly mediaType: string;
  /** The encoding of text that the sender declared. */
  readonly charset?: string | null;
  readonly sizeBytes: number;
  /** Called when a thread is free, so that no bytes wait in memory. They are given to the thread. */
  readonly load: () => Promise<Uint8Array>;
}

/** Documents of this size and more leave one thread to the others, which would wait for minutes otherwise. */
const LARGE_BYTES = 1024 * 1024;
/** Fewer characters than this are embedded sooner than they are handed over: about 5 ms of work. */
const FEW_CHARACTERS = 8_000;

interface Waiting {
  readonly large: boolean;
  readonly start: (thread: ExtractionThread) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Reads documents in threads, so that neither their size nor their contents can keep the process from answering: each task
 * has a limit of memory and of time, and a thread that exceeds it is ended and replaced.
 */
export class ExtractionPool {
  readonly #options: ExtractionPoolOptions;
  readonly #idle: ExtractionThread[] = [];
  readonly #busy = new Map<ExtractionThread, { readonly large: boolean }>();
  #waiting: Waiting[] = [];
  #closed = false;

  constructor(options: ExtractionPoolOptions) {
    this.#options = options;
  }

  /**
   * Reads a document and cuts it into passages.
   *
   * Thrown: UnreadableDocumentError when the bytes cannot be read, now or ever, `document_too_complex` among them; the
   * signal's reason when it is aborted, which ends the thread; UnavailableError when the pool is closed.
   */
  prepare(document: DocumentToPrepare, options: TaskOptions = {}): Promise<PreparedDocument> {
    return this.#withThread(document.sizeBytes >= LARGE_BYTES, options.signal, async (thread) => {
      const bytes = transferable(await document.load());
      return thread.run(
        { kind: 'prepare', bytes, mediaType: document.mediaType, charset: document.charset ?? null },
        [bytes.buffer],
        options,
      );
    });
  }

  /** The local model, working in this pool when there is much to embed. */
  localEmbeddings(): EmbeddingModel {
    const inline = localEmbeddings();
    return {
      id: inline.id,
      dimensions: inline.dimensions,
      embed: async (texts, { signal } = {}) => {
        const characters = texts.reduce((total, text) => total + text.length, 0);
        if (characters < FEW_CHARACTERS) return inline.embed(texts, signal === undefined ? {} : { signal });
        const all = await this.#withThread(false, signal, (thread) =>
          thread.run({ kind: 'embed', texts }, [], { signal }),
        );
        return texts.map((_text, index) =>
          Array.from(all.subarray(index * inline.dimensions, (index + 1) * inline.dimensions)),
        );
      },
    };
  }

  /** Ends all threads; what runs or waits is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.fail(closed());
    const threads = [...this.#idle.splice(0), ...this.#busy.keys()];
    await Promise.all(threads.map((thread) => thread.close(closed())));
  }

  async #withThread<T>(
    large: boolean,
    signal: AbortSignal | undefined,
    use: (thread: ExtractionThread) => Promise<T>,
  ): Promise<T> {
    const thread = await this.#acquire(large, signal);
    try {
      return await use(thread);
    } finally {
      this.#busy.delete(thread);
      if (thread.alive) this.#idle.push(thread);
      this.#startWaiting();
    }
  }

  #acquire(large: boolean, signal: AbortSignal | undefined): Promise<ExtractionThread> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closed();
      signal?.throwIfAborted();
      const abort = (): void => {
        this.#waiting = this.#waiting.filter((entry) => entry !== waiting);
        waiting.fail(signal?.reason);
      };
      const waiting: Waiting = {
        large,
        start: (thread) => {
          signal?.removeEventListener('abort', abort);
          resolve(thread);
        },
        fail: reject,
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiting);
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    const { threads } = this.#options;
    while (this.#busy.size < threads) {
      const largeRunning = [...this.#busy.values()].filter(({ large }) => large).length;
      const room = largeRunning < Math.max(1, threads - 1);
      const index = this.#waiting.findIndex(({ large }) => room || !large);
      const [next] = index === -1 ? [] : this.#waiting.splice(index, 1);
      if (next === undefined) return;
      const thread = this.#takeIdle() ?? new ExtractionThread(this.#options);
      this.#busy.set(thread, { large: next.large });
      next.start(thread);
    }
  }

  /** One that died while it was idle is left out. */
  #takeIdle(): ExtractionThread | undefined {
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop()) {
      if (thread.alive) return thread;
    }
    return undefined;
  }
}

function closed(): UnavailableError {
  return new UnavailableError('This worker stops; another one will read the document.', { code: 'worker_stopping' });
}

/** Small files come as slices of a buffer that others share. */
function transferable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return whole ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
