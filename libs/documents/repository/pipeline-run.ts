import type { DocumentStatus } from '#libs/contracts/index.js';
import { atomic, type SurrealSession } from '#libs/stores/surreal/index.js';
import { RecordId } from 'surrealdb';

export interface RunIdentity {
  readonly documentId: string;
  readonly version: number;
  readonly workflowId: string;
  /** Of the activity, from 1. */
  readonly attempt: number;
  readonly startedAt: Date;
}

/** A stage that is over sooner is not written: each write is a commit, and nobody would see it. */
const SHOWN_AFTER_MS = 100;

/** A late attempt, whose workflow took it for dead, must not take a verdict back. */
const SHOW = `BEGIN;
LET $documents = (UPDATE $document SET status = $stage, updated_at = time::now(), error = NONE, title = $title ?? title,
    processing_started_at = processing_started_at ?? $startedAt, processing_completed_at = NONE
  WHERE version = $version AND status NOT IN ['failed', 'ready'] RETURN VALUE id);
IF array::len($documents) > 0 {
  UPDATE $job SET status = 'running', stage = $stage, attempts = math::max([attempts, $attempt]),
    started_at = started_at ?? $startedAt RETURN NONE;
};
COMMIT;`;

/** A document whose last attempt made it `ready` and died before it could say so has not failed. */
const FAIL = `BEGIN;
LET $documents = (UPDATE $document SET status = 'failed', updated_at = time::now(), error = $sentence, chunk_count = 0,
    processing_started_at = processing_started_at ?? time::now(), processing_completed_at = time::now()
  WHERE version = $version AND status != 'ready' RETURN VALUE id);
IF array::len($documents) > 0 {
  DELETE knowledge_chunk WHERE document = $document;
  DELETE knowledge_vector WHERE document = $document;
  UPDATE $job SET status = 'failed', error = $sentence, attempts = math::max([attempts, 1]), finished_at = time::now() RETURN NONE;
};
RETURN { failed: array::len($documents) > 0 };
COMMIT;`;

/** How far a run is, visible in the document's record and in its job: the two always change together. */
export class StageDisplay {
  #pending: NodeJS.Timeout | undefined;
  /** Writes follow each other, so that the stages are seen in their order. */
  #written: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly session: SurrealSession,
    private readonly run: RunIdentity,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Shows that a stage runs, once it has run for a moment; at once when this is a repeat, which may be the last. */
  stage(stage: DocumentStatus, title?: string): void {
    clearTimeout(this.#pending);
    if (this.run.attempt > 1) {
      this.#write(stage, title);
      return;
    }
    this.#pending = setTimeout(() => {
      this.#write(stage, title);
    }, SHOWN_AFTER_MS);
  }

  /** Shows no more; resolves when what was being written is written. To be called before the verdict is. */
  async stop(): Promise<void> {
    clearTimeout(this.#pending);
    await this.#written;
  }

  #write(stage: DocumentStatus, title: string | undefined): void {
    const { documentId, version, workflowId, attempt, startedAt } = this.run;
    this.#written = this.#written.then(() =>
      atomic(this.session, SHOW, {
        document: new RecordId('document', documentId),
        job: new RecordId('job', workflowId),
        version,
        stage,
        title,
        attempt,
        startedAt,
      }).catch(this.onError),
    );
  }
}

/**
 * The verdict on a document that cannot be processed: `failed`, and nothing of it searchable.
 * @returns false when there is no verdict to give: the document is `ready`, at another version, or not there any more.
 */
export async function writeFailure(
  session: SurrealSession,
  run: Pick<RunIdentity, 'documentId' | 'version' | 'workflowId'>,
  sentence: string,
): Promise<boolean> {
  const results = await atomic(session, FAIL, {
    document: new RecordId('document', run.documentId),
    job: new RecordId('job', run.workflowId),
    version: run.version,
    sentence,
  });
  return results.some(
    (result) => typeof result === 'object' && result !== null && 'failed' in result && result.failed === true,
  );
}
