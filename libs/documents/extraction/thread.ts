import { AsyncResource } from 'node:async_hooks';
import { fileURLToPath } from 'node:url';
import { Worker, type Transferable } from 'node:worker_threads';
import { SpectraError } from '#libs/contracts/index.js';
import { UnreadableDocumentError, type UnreadableDocumentCode } from '../unreadable-document-error.js';
import type { TaskKind, ThreadFailure, ThreadReply, ThreadRequest, ThreadTasks } from './thread-messages.js';
import { exceedsItsReader, neededTooMuchMemory, tookTooLong } from './too-complex.js';

/** A thread runs JavaScript only: the build's, also when this file itself runs from its source. */
const ENTRY = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts')
      ? '../../../dist/libs/documents/extraction/extraction-thread.js'
      : './extraction-thread.js',
    import.meta.url,
  ),
);

/** How often the memory beside the heap is looked at. */
const MEMORY_CHECK_MS = 500;
const MEGABYTE = 1024 * 1024;

export interface ThreadLimits {
  /** Of the heap, and again of the buffers beside it. */
  readonly memoryMb: number;
  /** Longest time of one task. */
  readonly deadlineMs: number;
}

export interface TaskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** The text of the document is there, and it is cut now. */
  readonly onChunking?: (() => void) | undefined;
}

interface Running {
  readonly resolve: (answer: ThreadTasks[TaskKind]['answer']) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: TaskOptions['onProgress'];
  readonly onChunking: TaskOptions['onChunking'];
}

/** One thread, for one task at a time. What goes wrong beyond an error of the task itself ends it: `alive` says so. */
export class ExtractionThread {
  readonly #worker: Worker;
  readonly #limits: ThreadLimits;
  /** Why the thread ended; undefined while it lives. */
  #ended: { readonly reason: unknown } | undefined;
  #running: Running | null = null;

  constructor(limits: ThreadLimits) {
    this.#limits = limits;
    // Documents are hostile: no secret of the environment is in the thread that reads them.
    this.#worker = new Worker(ENTRY, {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb },
      name: 'extraction',
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: ThreadReply) => {
      this.#receive(reply);
    });
    this.#worker.on('error', (error: Error & { code?: string }) => {
      const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.#die(outOfMemory ? neededTooMuchMemory(limits.memoryMb, error) : died(error));
    });
    this.#worker.on('exit', (code) => {
      this.#die(died(new Error(`exit code ${code}`)));
    });
  }

  get alive(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Does one task. `transfer` is given to the thread and is empty here afterwards.
   *
   * Thrown: what the task throws; UnreadableDocumentError `document_too_complex` when it hits the deadline or the memory
   * limit; the signal's reason when it is aborted; any other Error when the thread died. All but the first end the thread.
   */
  async run<K extends TaskKind>(
    request: Extract<ThreadRequest, { kind: K }>,
    transfer: readonly Transferable[],
    options: TaskOptions = {},
  ): Promise<ThreadTasks[K]['answer']> {
    if (this.#running !== null) throw new Error('an extraction thread does one task at a time');
    if (this.#ended !== undefined) throw this.#ended.reason;
    const { signal } = options;
    signal?.throwIfAborted();
    const { deadlineMs } = this.#limits;
    const deadline = setTimeout(() => {
      this.#die(tookTooLong(deadlineMs));
    }, deadlineMs);
    const watch = setInterval(() => void this.#checkMemory(), MEMORY_CHECK_MS);
    const onAbort = (): void => {
      this.#die(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    // Messages come in the async context in which the thread was made: that of the first task, not of this one.
    const { onProgress, onChunking } = options;
    const bound = {
      onProgress: onProgress && AsyncResource.bind(onProgress),
      onChunking: onChunking && AsyncResource.bind(onChunking),
    };
    this.#worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        this.#running = { resolve: resolve, reject, ...bound };
        this.#worker.postMessage(request, transfer);
      });
    } finally {
      this.#running = null;
      this.#worker.unref();
      clearTimeout(deadline);
      clearInterval(watch);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the thread; a task that runs, or begins later, is rejected with the reason. */
  async close(reason: Error): Promise<void> {
    this.#die(reason);
    await this.#worker.terminate();
  }

  #receive(reply: ThreadReply): void {
    if (reply.kind === 'progress') this.#running?.onProgress?.(reply.done, reply.total);
    else if (reply.kind === 'chunking') this.#running?.onChunking?.();
    else if (reply.kind === 'done') this.#running?.resolve(reply.answer);
    else this.#running?.reject(errorOf(reply.failure));
  }

  #die(reason: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason };
    this.#running?.reject(reason);
    void this.#worker.terminate();
  }

  /** `resourceLimits` knows the heap only; what a reader unpacks lies in buffers beside it. */
  async #checkMemory(): Promise<void> {
    const { memoryMb } = this.#limits;
    const statistics = await this.#worker.getHeapStatistics().catch(() => null);
    if (statistics !== null && statistics.external_memory > memoryMb * MEGABYTE)
      this.#die(neededTooMuchMemory(memoryMb));
  }
}

function died(cause: unknown): Error {
  return new Error('the thread that read the document ended unexpectedly', { cause });
}

function errorOf({ name, message, stack, wire }: ThreadFailure): Error {
  const cause = Object.assign(new Error(message), { name, stack });
  // A stack that ran over, an array or a string longer than the engine allows: another attempt would end the same way.
  if (name === 'RangeError') return exceedsItsReader(cause);
  if (wire === null) return cause;
  if (wire.status === 422) return new UnreadableDocumentError(wire.code as UnreadableDocumentCode, message, cause);
  return new SpectraError({ ...wire, message, cause });
}
