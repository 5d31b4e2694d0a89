// The entry of a thread: does one task after the other, as ExtractionThread asks. Runs compiled only.
import { setPriority } from 'node:os';
import { parentPort, type Transferable } from 'node:worker_threads';
import { SpectraError } from '#libs/contracts/index.js';
import { localEmbeddings } from '#libs/models/index.js';
import { prepareDocument } from './prepare-document.js';
import type { ThreadFailure, ThreadReply, ThreadRequest } from './thread-messages.js';

/** More often would only keep the other side busy. */
const PROGRESS_EVERY_MS = 250;

/** Steps of `nice` below the process: whoever waits for an answer comes before a document. */
const NICENESS = 5;

// On Linux this is the niceness of the calling thread alone; elsewhere it would be that of the whole process.
if (process.platform === 'linux') setPriority(NICENESS);

const embeddings = localEmbeddings();

function send(reply: ThreadReply, transfer: Transferable[] = []): void {
  parentPort?.postMessage(reply, transfer);
}

function progress(): (done: number, total: number) => void {
  let last = 0;
  return (done, total) => {
    const now = performance.now();
    if (now - last < PROGRESS_EVERY_MS) return;
    last = now;
    send({ kind: 'progress', done, total });
  };
}

async function run(request: ThreadRequest): Promise<void> {
  if (request.kind === 'prepare') {
    const prepared = await prepareDocument(request.bytes, request.mediaType, {
      charset: request.charset,
      onProgress: progress(),
      onChunking: () => {
        send({ kind: 'chunking' });
      },
    });
    send({ kind: 'done', answer: prepared }, [prepared.lines.buffer]);
    return;
  }
  const vectors = await embeddings.embed(request.texts);
  const answer = new Float64Array(vectors.length * embeddings.dimensions);
  vectors.forEach((vector, index) => {
    answer.set(vector, index * embeddings.dimensions);
  });
  send({ kind: 'done', answer }, [answer.buffer]);
}

function failure(error: unknown): ThreadFailure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined, wire: null };
  const { name, message, stack } = error;
  if (!(error instanceof SpectraError)) return { name, message, stack, wire: null };
  return { name, message, stack, wire: { status: error.status, code: error.code, retryable: error.retryable } };
}

parentPort?.on('message', (request: ThreadRequest) => {
  run(request).catch((error: unknown) => {
    send({ kind: 'failed', failure: failure(error) });
  });
});
