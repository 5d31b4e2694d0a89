import type { Document, DocumentStatus, UploadMetadata } from '#libs/contracts/index.js';
import type { SpectraClient } from '#libs/client/index.js';
import { EXIT } from '../exit-codes.js';
import { failureBody, type Failure } from '../failure.js';
import { count } from '../formats.js';
import { concurrency } from './concurrency.js';
import type { LocalFile } from './collect-files.js';
import { contentHash } from './content-hash.js';
import type { UploadProgress } from './progress.js';

const PARALLEL_UPLOADS = 4;
const PARALLEL_WAITS = 4;
const QUEUED_HINT_MS = 30_000;
/** Of a Context with more documents than this, the oldest are not looked up: the service finds doubles by itself. */
const MAX_LISTED = 10_000;

export interface UploadOutcome {
  readonly path: string;
  readonly outcome: 'uploaded' | 'already-there' | 'failed' | 'not-tried';
  readonly id?: string;
  readonly status?: DocumentStatus;
  readonly contentHash?: string;
  readonly chunkCount?: number | null;
  readonly error?: Omit<Failure, 'exitCode'>;
}

export interface UploadRun {
  readonly client: SpectraClient;
  readonly metadata: UploadMetadata;
  readonly wait: boolean;
  readonly waitTimeoutMs: number | undefined;
  readonly progress: UploadProgress;
  readonly describe: (error: unknown) => Failure;
  readonly queuedHintMs?: number;
}

type Known = Pick<UploadOutcome, 'chunkCount'> & { readonly id: string; readonly status: DocumentStatus };

/** What the Context holds, by content hash. Failed documents are left out: sending them again is another try. */
async function knownDocuments(client: SpectraClient): Promise<Map<string, Known>> {
  const known = new Map<string, Known>();
  let seen = 0;
  for await (const { documents } of client.documents.pages()) {
    for (const { contentHash: hash, id, status, chunkCount } of documents)
      if (status !== 'failed' && !known.has(hash)) known.set(hash, { id, status, chunkCount });
    seen += documents.length;
    if (seen >= MAX_LISTED) break;
  }
  return known;
}

const isSettled = (status: DocumentStatus): boolean => status === 'ready' || status === 'failed';

/**
 * Uploads files, four at a time, and waits for their pipelines when asked to. A file whose content is already there is
 * not sent. One file's failure leaves the others alone, but a server that is gone or refuses the key ends the run.
 *
 * @returns one outcome for each file, in order, and the failure that ended the run early
 * Thrown: what the listing of the Context throws, when nothing was sent yet
 */
export async function uploadFiles(
  files: readonly LocalFile[],
  run: UploadRun,
): Promise<{ outcomes: UploadOutcome[]; ended: Failure | undefined }> {
  const known = await knownDocuments(run.client);
  const uploading = concurrency(PARALLEL_UPLOADS);
  const waiting = concurrency(PARALLEL_WAITS);
  let ended: Failure | undefined;

  const failureOf = (error: unknown): Omit<Failure, 'exitCode'> => {
    const failure = run.describe(error);
    if (failure.exitCode === EXIT.unauthorized || failure.exitCode === EXIT.unavailable) ended ??= failure;
    return failureBody(failure);
  };

  const send = async (file: LocalFile): Promise<UploadOutcome> => {
    const { path } = file;
    try {
      if (ended) return { path, outcome: 'not-tried' };
      const hash = known.size > 0 ? await contentHash(file.absolutePath) : undefined;
      const there = hash === undefined ? undefined : known.get(hash);
      if (hash !== undefined && there) {
        run.progress.stage(file, 'already there');
        return { path, outcome: 'already-there', ...there, contentHash: hash };
      }
      run.progress.stage(file, 'uploading');
      const answer = await run.client.documents.upload(file.absolutePath, run.metadata);
      known.set(answer.contentHash, { id: answer.id, status: answer.status });
      run.progress.stage(file, answer.deduplicated ? 'already there' : answer.status);
      return {
        path,
        outcome: answer.deduplicated ? 'already-there' : 'uploaded',
        id: answer.id,
        status: answer.status,
        contentHash: answer.contentHash,
      };
    } catch (error) {
      run.progress.stage(file, 'failed');
      return { path, outcome: 'failed', error: failureOf(error) };
    }
  };

  const settle = async (file: LocalFile, sent: UploadOutcome): Promise<UploadOutcome> => {
    const { id, status } = sent;
    if (id === undefined || status === undefined || (isSettled(status) && status !== 'failed')) return sent;
    let last = status;
    const hint = setTimeout(() => {
      if (last === 'queued')
        run.progress.note(
          `${file.path} is still queued; is a worker running? It stays accepted: Ctrl-C stops the waiting, not the work.`,
        );
    }, run.queuedHintMs ?? QUEUED_HINT_MS);
    try {
      if (ended) return sent;
      const document = await run.client.documents.waitUntilProcessed(id, {
        timeoutMs: run.waitTimeoutMs,
        onStatus: (seen) => {
          if (seen.status !== last) run.progress.stage(file, stageText(seen));
          last = seen.status;
        },
      });
      const settled = { ...sent, status: document.status, chunkCount: document.chunkCount };
      if (document.status !== 'failed') return settled;
      return { ...settled, error: { code: 'document_failed', message: document.error ?? 'The pipeline failed.' } };
    } catch (error) {
      return { ...sent, status: last, error: failureOf(error) };
    } finally {
      clearTimeout(hint);
    }
  };

  const outcomes = await Promise.all(
    files.map(async (file) => {
      const sent = await uploading(() => send(file));
      const outcome = run.wait ? await waiting(() => settle(file, sent)) : sent;
      run.progress.finished(file);
      return outcome;
    }),
  );
  return { outcomes, ended };
}

function stageText(document: Document): string {
  if (document.status === 'failed') return `failed: ${document.error ?? 'no reason given'}`;
  if (document.status !== 'ready' || document.chunkCount === null) return document.status;
  return `ready (${count(document.chunkCount, 'chunk')})`;
}
