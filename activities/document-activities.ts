import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { ContextRegistry } from '#libs/access/index.js';
import { documentWorkflowId, type DocumentPipelineInput, type DocumentStatus } from '#libs/contracts/index.js';
import {
  chunkDocument,
  deleteStaleChunks,
  DocumentRepository,
  extractDocument,
  JobRepository,
  storageKeys,
  writeChunks,
  type Chunk,
  type EmbeddedChunk,
  type ExtractedDocument,
  type StoredDocument,
} from '#libs/documents/index.js';
import type { EmbeddingModel } from '#libs/models/index.js';
import type { ObjectStore } from '#libs/stores/objects/index.js';
import type { SurrealServer, SurrealSession } from '#libs/stores/surreal/index.js';
import { fault, type Logger } from '#libs/telemetry/index.js';
import { runActivity } from './run-activity.js';

export interface DocumentActivityDependencies {
  readonly server: SurrealServer;
  readonly registry: ContextRegistry;
  readonly objects: ObjectStore;
  readonly embeddings: EmbeddingModel;
  readonly logger: Logger;
}

/** The document, or that version of it, is not there any more. */
export type Gone = 'gone';

/** Chunks embedded and written in one transaction: small enough to heartbeat often, large enough to be cheap. */
const EMBED_BATCH = 64;

interface Stage {
  readonly session: SurrealSession;
  readonly documents: DocumentRepository;
  readonly document: StoredDocument;
}

/** The stages of `documentPipeline`. Each can be repeated; each says `gone` when the document was deleted meanwhile. */
export function createDocumentActivities(dependencies: DocumentActivityDependencies) {
  const { server, registry, objects, embeddings, logger } = dependencies;

  async function open(
    input: DocumentPipelineInput,
  ): Promise<{ session: SurrealSession; documents: DocumentRepository } | Gone> {
    const context = await registry.find(input.contextId);
    if (!context) return 'gone';
    const session = await server.session(context.ref);
    return { session, documents: new DocumentRepository(session) };
  }

  /** Writes the stage's status and finds the document, or says that it is gone. */
  async function enter(input: DocumentPipelineInput, status: DocumentStatus): Promise<Stage | Gone> {
    const place = await open(input);
    if (place === 'gone') return 'gone';
    if (!(await place.documents.setStatus(input.documentId, input.version, { status }))) return 'gone';
    const document = await place.documents.find(input.documentId);
    if (!document) return 'gone';
    await new JobRepository(place.session).running(workflowId(input), status, activityInfo().attempt);
    return { ...place, document };
  }

  const workflowId = (input: DocumentPipelineInput): string =>
    documentWorkflowId(input.contextId, input.documentId, input.version);

  async function load<T>(key: string): Promise<T> {
    return JSON.parse(Buffer.from(await objects.get(key)).toString('utf8')) as T;
  }

  async function save(key: string, value: unknown): Promise<void> {
    await objects.put(key, Buffer.from(JSON.stringify(value), 'utf8'));
  }

  return {
    /** Bytes -> text with structure, kept in the object store. */
    extractDocument: (input: DocumentPipelineInput): Promise<{ pageCount: number | null } | Gone> =>
      runActivity(logger, async () => {
        const stage = await enter(input, 'extracting');
        if (stage === 'gone') return 'gone';
        await fault('extract');
        const bytes = await objects.get(input.storageKey);
        const extracted = await extractDocument(bytes, input.mimeType, {
          signal: cancellationSignal(),
          charset: input.charset ?? null,
          onProgress: (done, total) => {
            heartbeat({ done, total });
          },
        });
        // An upload without a title bears its file name; what the document calls itself is better.
        const named = stage.document.title !== stage.document.source;
        if (extracted.title && !named) await stage.documents.setTitle(input.documentId, input.version, extracted.title);
        if (extracted.date) await stage.documents.setObservedAt(input.documentId, input.version, extracted.date);
        await save(storageKeys.extracted(input.contextId, input.documentId, input.version), extracted);
        await fault('extract-done');
        return { pageCount: extracted.pages?.length ?? null };
      }),

    /** Text -> chunks with exact spans, kept in the object store until they are embedded. */
    chunkDocument: (input: DocumentPipelineInput): Promise<{ chunkCount: number } | Gone> =>
      runActivity(logger, async () => {
        const stage = await enter(input, 'chunking');
        if (stage === 'gone') return 'gone';
        await fault('chunk');
        const extracted = await load<ExtractedDocument>(
          storageKeys.extracted(input.contextId, input.documentId, input.version),
        );
        const chunks = chunkDocument(extracted);
        await save(storageKeys.chunks(input.contextId, input.documentId, input.version), chunks);
        await fault('chunk-done');
        return { chunkCount: chunks.length };
      }),

    /** Chunks -> vectors -> searchable rows, batch by batch. */
    embedDocument: (input: DocumentPipelineInput): Promise<{ written: number } | Gone> =>
      runActivity(logger, async () => {
        const stage = await enter(input, 'embedding');
        if (stage === 'gone') return 'gone';
        await fault('embed');
        const chunks = await load<Chunk[]>(storageKeys.chunks(input.contextId, input.documentId, input.version));
        const owner = {
          documentId: input.documentId,
          version: input.version,
          title: stage.document.title,
          labels: stage.document.labels,
          embeddingModelId: embeddings.id,
        };
        for (let start = 0; start < chunks.length; start += EMBED_BATCH) {
          cancellationSignal().throwIfAborted();
          const batch = chunks.slice(start, start + EMBED_BATCH).map((chunk) => ({
            ...chunk,
            searchText: [stage.document.title, chunk.section, chunk.text].filter(Boolean).join('\n'),
          }));
          const vectors = await embeddings.embed(
            batch.map((chunk) => chunk.searchText),
            { signal: cancellationSignal() },
          );
          const rows: EmbeddedChunk[] = batch.map((chunk, index) => ({ ...chunk, embedding: vectors[index] ?? [] }));
          if (!(await writeChunks(stage.session, owner, rows))) return 'gone';
          heartbeat({ done: start + batch.length, total: chunks.length });
          await fault('embed-batch');
        }
        await fault('embed-done');
        return { written: chunks.length };
      }),

    /** Removes what an earlier version left behind and makes the document `ready`. */
    completeDocument: (
      input: DocumentPipelineInput,
      counts: { chunkCount: number; pageCount: number | null },
    ): Promise<'ready' | Gone> =>
      runActivity(logger, async () => {
        const place = await open(input);
        if (place === 'gone') return 'gone';
        await fault('complete');
        if (input.version > 1)
          await deleteStaleChunks(place.session, input.documentId, input.version, counts.chunkCount);
        const there = await place.documents.setStatus(input.documentId, input.version, { status: 'ready', ...counts });
        if (!there) return 'gone';
        await new JobRepository(place.session).finished(workflowId(input), 'succeeded', null);
        await objects.delete(storageKeys.chunks(input.contextId, input.documentId, input.version));
        await fault('complete-done');
        return 'ready';
      }),

    /** Takes half-written passages away and leaves a sentence that a person can act on. */
    failDocument: (input: DocumentPipelineInput, reason: { code: string; sentence: string }): Promise<void> =>
      runActivity(logger, async () => {
        const place = await open(input);
        if (place === 'gone') return;
        await deleteStaleChunks(place.session, input.documentId, input.version, 0);
        await objects.deletePrefix(storageKeys.derivedVersion(input.contextId, input.documentId, input.version));
        await place.documents.setStatus(input.documentId, input.version, {
          status: 'failed',
          error: reason.sentence,
          chunkCount: 0,
        });
        await new JobRepository(place.session).finished(workflowId(input), 'failed', reason.sentence);
        logger.warn(
          { context_id: input.contextId, document_id: input.documentId, code: reason.code },
          'document failed',
        );
      }),
  };
}

export type DocumentActivities = ReturnType<typeof createDocumentActivities>;
