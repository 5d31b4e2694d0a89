import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Pool } from 'pg';
import {
  documentWorkflowId,
  newId,
  ValidationError,
  type DocumentAccepted,
  type UploadMetadata,
  type UploadResponse,
} from '#libs/contracts/index.js';
import { publish, type Notifier } from '#libs/events/index.js';
import type { ObjectStore } from '#libs/stores/objects/index.js';
import { isConnectionError, withTransaction } from '#libs/stores/postgres/index.js';
import type { SurrealSession } from '#libs/stores/surreal/index.js';
import { currentTrace, fault, toTraceparent, type Logger } from '#libs/telemetry/index.js';
import { DocumentRepository, type StoredDocument } from './repository/document-repository.js';
import { storageKeys } from './repository/storage-keys.js';

export interface AcceptUploadDependencies {
  readonly pool: Pool;
  readonly notifier: Notifier;
  readonly objects: ObjectStore;
  readonly generation: number;
  readonly maxBytes: number;
  readonly logger: Logger;
  readonly now?: () => number;
}

export interface Upload {
  readonly contextId: string;
  readonly session: SurrealSession;
  readonly body: Readable;
  readonly mimeType: string;
  /** The encoding that the sender declared for text, in `metadata.mimeType`. */
  readonly charset?: string | null;
  readonly fileName: string | null;
  readonly metadata: UploadMetadata;
}

interface Stored {
  readonly contentHash: string;
  readonly sizeBytes: number;
  readonly key: string;
}

/**
 * Accepts uploads. The one promise is the commit of the outbox row: before it the client has none, after it nothing
 * loses the work. The record in the Context's database follows; the relay makes it if this process dies in between.
 */
export class UploadAcceptance {
  readonly #dependencies: AcceptUploadDependencies;
  readonly #now: () => number;
  readonly #running = new Set<Promise<unknown>>();

  constructor(dependencies: AcceptUploadDependencies) {
    this.#dependencies = dependencies;
    this.#now = dependencies.now ?? Date.now;
  }

  /** Size of the largest file that is accepted. */
  get maxBytes(): number {
    return this.#dependencies.maxBytes;
  }

  /**
   * Streams the bytes to the object store and accepts them. Bytes that the Context has already are not accepted
   * twice, unless their processing failed: then the same document is processed again as its next version.
   * @throws ValidationError (`empty_file`), PayloadTooLargeError, InsufficientStorageError, UnavailableError. Nothing is
   *   accepted then.
   */
  async accept(upload: Upload): Promise<UploadResponse> {
    const work = this.#accept(upload);
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Resolves when what runs now is over, cleaning up after uploads that broke off included. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #accept(upload: Upload): Promise<UploadResponse> {
    const { objects, maxBytes, logger } = this.#dependencies;
    const documents = new DocumentRepository(upload.session);
    const fresh = newId(this.#now(), randomBytes(10));
    const stored = await objects.putHashed(
      upload.body,
      (contentHash) => storageKeys.original(upload.contextId, contentHash, fresh),
      { maxBytes },
    );
    try {
      if (stored.sizeBytes === 0)
        throw new ValidationError('The file is empty; there is nothing to remember in it.', [], 'empty_file');
      const existing = await documents.findByContentHash(stored.contentHash);
      if (existing && existing.status !== 'failed') {
        await objects.delete(stored.key);
        return { id: existing.id, status: existing.status, contentHash: stored.contentHash, deduplicated: true };
      }
      // Bytes that were lost since are what may have made the document fail; then these take their place.
      const kept = existing !== null && (await objects.exists(existing.storageKey)) ? existing.storageKey : stored.key;
      const event = this.#event(upload, { ...stored, key: kept }, fresh, existing);
      await this.#commit(event);
      await (kept === stored.key ? objects.keep(kept) : objects.delete(stored.key)).catch((error: unknown) => {
        logger.warn({ err: error, document_id: fresh }, 'accepted; a sweep will find what is to become of its bytes');
      });
      const answer = await this.#record(documents, event);
      // After the record, which the relay would make at the same time otherwise. Without it the relay polls.
      this.#dependencies.notifier.wake(this.#dependencies.generation);
      return answer;
    } catch (error) {
      // A commit whose answer was lost may have happened: its bytes must stay. Everything before it leaves nothing.
      if (!(error instanceof UncertainCommit)) await objects.delete(stored.key).catch(() => undefined);
      else logger.error({ err: error.cause, document_id: fresh }, 'the outcome of an accept is unknown');
      throw error instanceof UncertainCommit ? error.cause : error;
    }
  }

  #event(upload: Upload, stored: Stored, fresh: string, failed: StoredDocument | null): DocumentAccepted {
    const { metadata } = upload;
    return {
      contextId: upload.contextId,
      documentId: failed?.id ?? fresh,
      version: failed ? failed.version + 1 : 1,
      storageKey: stored.key,
      contentHash: stored.contentHash,
      mimeType: upload.mimeType,
      charset: upload.charset ?? null,
      sizeBytes: stored.sizeBytes,
      title: metadata.title ?? failed?.title ?? upload.fileName ?? 'upload',
      titleGiven: typeof metadata.title === 'string' || failed?.titleGiven === true,
      source: metadata.source ?? failed?.source ?? upload.fileName ?? 'upload',
      labels: metadata.labels ?? failed?.labels ?? [],
      observedAt: metadata.observedAt ?? failed?.observedAt ?? null,
      acceptedAt: new Date(this.#now()).toISOString(),
    };
  }

  async #commit(event: DocumentAccepted): Promise<void> {
    const { pool, generation } = this.#dependencies;
    const trace = currentTrace();
    const progress = { published: false };
    try {
      await withTransaction(pool, async (tx) => {
        await publish(tx, {
          type: 'document.accepted',
          payload: event,
          idempotencyKey: documentWorkflowId(event.contextId, event.documentId, event.version),
          generation,
          ...(trace ? { traceContext: toTraceparent(trace) } : {}),
        });
        await fault('before-commit');
        progress.published = true;
      });
    } catch (error) {
      // A COMMIT that the server itself refused has not happened; one whose answer never came may have.
      throw progress.published && isConnectionError(error) ? new UncertainCommit(error) : error;
    }
    await fault('after-commit');
  }

  async #record(documents: DocumentRepository, event: DocumentAccepted): Promise<UploadResponse> {
    let id = event.documentId;
    try {
      id = (await documents.upsertAccepted(event, this.#dependencies.generation)) ?? id;
    } catch (error) {
      this.#dependencies.logger.warn({ err: error, document_id: id }, 'accepted; the relay will write the record');
    }
    return { id, status: 'queued', contentHash: event.contentHash, deduplicated: id !== event.documentId };
  }
}

/** Thrown inside this file when COMMIT itself failed: the row may or may not be there. */
class UncertainCommit extends Error {
  constructor(cause: unknown) {
    super('the outcome of COMMIT is unknown', { cause });
  }
}
