import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { documentWorkflowId, NotFoundError, type DocumentPipelineInput } from '#libs/contracts/index.js';
import {
  ChunkWriter,
  DamagedPreparedError,
  DocumentRepository,
  ExtractionPool,
  PreparedReader,
  StageDisplay,
  storageKeys,
  writtenPositions,
  type Chunk,
  type EmbeddedChunk,
  type RunIdentity,
  type StoredDocument,
} from '#libs/documents/index.js';
import type { EmbeddingModel } from '#libs/models/index.js';
import type { ObjectStore } from '#libs/stores/objects/index.js';
import type { SurrealSession } from '#libs/stores/surreal/index.js';
import { fault, type Logger } from '#libs/telemetry/index.js';

export interface DocumentProcessorDependencies {
  readonly objects: ObjectStore;
  readonly extraction: ExtractionPool;
  readonly embeddings: EmbeddingModel;
  readonly logger: Logger;
}

/** The document, or that version of it, is not there any more, or has its verdict already. */
export type Gone = 'gone';

/** Chunks of a document embedded and written at a time: small enough to heartbeat often, large enough to be cheap. */
const BATCH = 64;

/** Takes documents from their bytes to searchable passages. Called from within an activity. */
export class DocumentProcessor {
  readonly #writer = new ChunkWriter();

  constructor(private readonly dependencies: DocumentProcessorDependencies) {}

  /**
   * Reads, cuts, embeds and writes one document. Can be repeated at any time: chunk ids follow from (document, version,
   * position), what an earlier attempt read is found in the object store, what it wrote is not embedded again. Of an
   * attempt that its workflow took for dead nothing is written once the document has its verdict.
   */
  async process(session: SurrealSession, input: DocumentPipelineInput): Promise<{ chunkCount: number } | Gone> {
    const document = await new DocumentRepository(session).find(input.documentId);
    if (document?.version !== input.version || document.status === 'failed') return 'gone';
    if (document.status === 'ready') return this.#finished(input, document.chunkCount ?? 0);
    const run: RunIdentity = {
      documentId: input.documentId,
      version: input.version,
      workflowId: documentWorkflowId(input.contextId, input.documentId, input.version),
      attempt: activityInfo().attempt,
      startedAt: new Date(),
    };
    const display = new StageDisplay(session, run, (error) => {
      this.dependencies.logger.warn({ err: error, document_id: input.documentId }, 'a stage could not be shown');
    });
    const index = async (prepare: () => Promise<PreparedReader>): Promise<{ chunkCount: number } | Gone> => {
      const reader = await prepare();
      try {
        return await this.#index(session, input, document, run, reader, display);
      } finally {
        await reader.close();
      }
    };
    try {
      return await index(() => this.#prepare(input, run, display)).catch(async (error: unknown) => {
        if (!(error instanceof DamagedPreparedError)) throw error;
        this.dependencies.logger.warn({ err: error, document_id: input.documentId }, 'a document is read once more');
        await this.dependencies.objects.delete(preparedKey(input));
        return index(() => this.#read(input, display));
      });
    } finally {
      await display.stop();
    }
  }

  /** Bytes -> passages. What is more than one batch goes through the object store: a repeat need not read it again. */
  async #prepare(input: DocumentPipelineInput, run: RunIdentity, display: StageDisplay): Promise<PreparedReader> {
    display.stage('extracting');
    await fault('extract');
    const key = preparedKey(input);
    if (run.attempt > 1 && (await this.dependencies.objects.exists(key))) return this.#open(key);
    return this.#read(input, display);
  }

  async #read(input: DocumentPipelineInput, display: StageDisplay): Promise<PreparedReader> {
    const { objects, extraction } = this.dependencies;
    const { header, lines } = await extraction.prepare(
      {
        mediaType: input.mimeType,
        charset: input.charset ?? null,
        sizeBytes: input.sizeBytes,
        load: () => objects.get(input.storageKey),
      },
      {
        signal: cancellationSignal(),
        onProgress: (done, total) => {
          heartbeat({ done, total });
        },
        onChunking: () => {
          display.stage('chunking');
        },
      },
    );
    await fault('extract-done');
    if (header.chunkCount <= BATCH) return new PreparedReader([lines]);
    await objects.put(preparedKey(input), lines);
    await fault('prepared');
    return this.#open(preparedKey(input));
  }

  /** Of two attempts at a time, one may take away what the other wants to read. */
  async #open(key: string): Promise<PreparedReader> {
    try {
      return new PreparedReader((await this.dependencies.objects.stream(key)).body);
    } catch (error) {
      throw error instanceof NotFoundError ? new DamagedPreparedError('that is not there any more', error) : error;
    }
  }

  /** Passages -> vectors -> searchable rows, batch by batch; the last batch makes the document `ready`. */
  async #index(
    session: SurrealSession,
    input: DocumentPipelineInput,
    document: StoredDocument,
    run: RunIdentity,
    reader: PreparedReader,
    display: StageDisplay,
  ): Promise<{ chunkCount: number } | Gone> {
    const { chunkCount, pageCount, date, title: ownTitle } = await reader.header();
    // An upload without a title bears its file name; what the document calls itself is better.
    const title = ownTitle !== null && !document.titleGiven ? ownTitle : document.title;
    display.stage('embedding', title);
    await fault('embed');
    const owner = { ...run, title, labels: document.labels, embeddingModelId: this.dependencies.embeddings.id };
    let done = 0;
    for await (const batch of reader.batches(BATCH)) {
      cancellationSignal().throwIfAborted();
      const rows = await this.#embed(session, run, title, batch);
      await fault('embed-batch');
      done += batch.length;
      if (done < chunkCount) {
        const outcome = await this.#writer.write(session, owner, rows);
        if (outcome === 'gone') return 'gone';
        // Another attempt was faster.
        if (outcome === 'ready') break;
        heartbeat({ done, total: chunkCount });
        await fault('batch-written');
        continue;
      }
      await display.stop();
      cancellationSignal().throwIfAborted();
      await fault('complete');
      const completion = { ...run, chunkCount, pageCount, date };
      if ((await this.#writer.write(session, owner, rows, completion)) === 'gone') return 'gone';
    }
    await fault('written');
    return this.#finished(input, chunkCount);
  }

  /** Rows of the passages that are not there yet. */
  async #embed(
    session: SurrealSession,
    run: RunIdentity,
    title: string,
    batch: readonly Chunk[],
  ): Promise<EmbeddedChunk[]> {
    const positions = batch.map((chunk) => chunk.position);
    const written = run.attempt > 1 ? await writtenPositions(session, run, positions) : new Set<number>();
    const missing = batch
      .filter((chunk) => !written.has(chunk.position))
      .map((chunk) => ({
        ...chunk,
        searchText: [title, chunk.section, chunk.text].filter(Boolean).join('\n'),
      }));
    const vectors = await this.dependencies.embeddings.embed(
      missing.map((chunk) => chunk.searchText),
      { signal: cancellationSignal() },
    );
    return missing.map((chunk, index) => ({ ...chunk, embedding: vectors[index] ?? [] }));
  }

  async #finished(input: DocumentPipelineInput, chunkCount: number): Promise<{ chunkCount: number }> {
    if (chunkCount > BATCH) {
      await this.dependencies.objects.delete(preparedKey(input));
    }
    await fault('complete-done');
    return { chunkCount };
  }
}

function preparedKey({ contextId, documentId, version }: DocumentPipelineInput): string {
  return storageKeys.prepared(contextId, documentId, version);
}
