import {
  documentWorkflowId,
  type Chunk,
  type ChunkPage,
  type Document,
  type DocumentAccepted,
  type DocumentPage,
  type ListDocumentsQuery,
} from '#libs/contracts/index.js';
import { atomic, query, type SurrealSession } from '#libs/stores/surreal/index.js';

interface DocumentRow extends Omit<
  Document,
  'error' | 'chunkCount' | 'pageCount' | 'observedAt' | 'processingStartedAt' | 'processingCompletedAt'
> {
  error?: string | null;
  chunkCount?: number | null;
  pageCount?: number | null;
  observedAt?: string | null;
  processingStartedAt?: string | null;
  processingCompletedAt?: string | null;
  storageKey: string;
  titleGiven?: boolean | null;
}

/** A document with what only the service itself needs of it. */
export interface StoredDocument extends Document {
  readonly storageKey: string;
  /** Whether a sender chose the title. */
  readonly titleGiven: boolean;
}

const COLUMNS = `record::id(id) AS id, title, source, mime_type AS mimeType, size_bytes AS sizeBytes, content_hash AS contentHash,
  status, error, version, labels, chunk_count AS chunkCount, page_count AS pageCount, observed_at AS observedAt, created_at AS createdAt,
  updated_at AS updatedAt, processing_started_at AS processingStartedAt, processing_completed_at AS processingCompletedAt,
  storage_key AS storageKey, title_given AS titleGiven`;

/**
 * The record of an accepted document: made by the API right after the accept, and again by the relay before the
 * pipeline starts, so that a crash between the two heals itself. The unique index on content_hash decides a race of
 * two uploads with the same bytes: the loser's record is not made, and the winner's id comes back. A newer version of
 * the same document (an upload that failed, sent again) goes back to `queued` with what its upload said, and begins
 * without passages: from then on no attempt at an older version can write. With the record comes its job: the visible
 * shadow of the workflow run.
 */
const UPSERT_ACCEPTED = `BEGIN;
LET $document = type::record('document', $id);
LET $same = (SELECT id, version FROM document WHERE content_hash = $contentHash LIMIT 1)[0];
LET $deleted = (SELECT VALUE id FROM ONLY type::record('document_tombstone', $id)) != NONE;
IF $deleted { } ELSE IF $same = NONE {
  CREATE $document CONTENT {
    title: $title, title_given: $titleGiven, source: $source, mime_type: $mimeType, storage_key: $storageKey, content_hash: $contentHash,
    size_bytes: $sizeBytes, status: 'queued', version: $version, labels: $labels,
    observed_at: IF $observedAt { type::datetime($observedAt) } ELSE { NONE },
    created_at: type::datetime($acceptedAt), updated_at: type::datetime($acceptedAt) };
} ELSE IF $same.id = $document AND $same.version < $version {
  UPDATE $document SET version = $version, status = 'queued', error = NONE, updated_at = type::datetime($acceptedAt),
    title = $title, title_given = $titleGiven, source = $source, mime_type = $mimeType, labels = $labels,
    storage_key = $storageKey, observed_at = IF $observedAt { type::datetime($observedAt) } ELSE { NONE },
    processing_started_at = NONE, processing_completed_at = NONE;
  DELETE knowledge_chunk WHERE document = $document;
  DELETE knowledge_vector WHERE document = $document;
};
IF !$deleted AND ($same = NONE OR $same.id = $document) {
  INSERT IGNORE INTO job { id: type::record('job', $workflowId), kind: 'document_pipeline', subject: $id, status: 'queued',
    attempts: 0, workflow_id: $workflowId, generation: $generation, created_at: time::now() } RETURN NONE;
};
RETURN { accepted: IF $deleted { NULL } ELSE { record::id($same.id ?? $document) } };
COMMIT;`;

function toStored(row: DocumentRow): StoredDocument {
  return {
    ...row,
    error: row.error ?? null,
    chunkCount: row.chunkCount ?? null,
    pageCount: row.pageCount ?? null,
    observedAt: row.observedAt ?? null,
    processingStartedAt: row.processingStartedAt ?? null,
    processingCompletedAt: row.processingCompletedAt ?? null,
    titleGiven: row.titleGiven ?? row.title !== row.source,
  };
}

/** Documents and their chunks in the database of one Context. */
export class DocumentRepository {
  constructor(private readonly session: SurrealSession) {}

  /**
   * Makes the record of an accepted upload unless it is there. Idempotent.
   * @returns the id of the document that holds these bytes: the event's own, or that of an earlier upload; null when the
   *   document was deleted meanwhile.
   */
  async upsertAccepted(event: DocumentAccepted, generation: number): Promise<string | null> {
    const results = await atomic(this.session, UPSERT_ACCEPTED, {
      id: event.documentId,
      title: event.title,
      titleGiven: event.titleGiven ?? event.title !== event.source,
      source: event.source,
      mimeType: event.mimeType,
      storageKey: event.storageKey,
      contentHash: event.contentHash,
      sizeBytes: event.sizeBytes,
      version: event.version,
      labels: event.labels,
      observedAt: event.observedAt,
      acceptedAt: event.acceptedAt,
      workflowId: documentWorkflowId(event.contextId, event.documentId, event.version),
      generation,
    });
    const answer = results.findLast((result) => typeof result === 'object' && result !== null && 'accepted' in result);
    if (!answer) throw new Error('SurrealDB answered an upsert without an id');
    return (answer as { accepted: string | null }).accepted;
  }

  /** Whether the record and the job of an accepted upload are there: then upsertAccepted would change nothing. */
  async isRecorded(event: DocumentAccepted): Promise<boolean> {
    const [recorded] = await query<[boolean]>(
      this.session,
      `RETURN (SELECT VALUE version FROM ONLY type::record('document', $id)) = $version
         AND (SELECT VALUE id FROM ONLY type::record('job', $workflowId)) != NONE`,
      {
        id: event.documentId,
        version: event.version,
        workflowId: documentWorkflowId(event.contextId, event.documentId, event.version),
      },
    );
    return recorded;
  }

  async find(id: string): Promise<StoredDocument | null> {
    const [row] = await query<[DocumentRow | null]>(
      this.session,
      `SELECT ${COLUMNS} FROM ONLY type::record('document', $id)`,
      { id },
    );
    return row ? toStored(row) : null;
  }

  async findByContentHash(contentHash: string): Promise<StoredDocument | null> {
    const [rows] = await query<[DocumentRow[]]>(
      this.session,
      `SELECT ${COLUMNS} FROM document WHERE content_hash = $contentHash LIMIT 1`,
      { contentHash },
    );
    return rows[0] ? toStored(rows[0]) : null;
  }

  /** Newest first. */
  async list(request: ListDocumentsQuery): Promise<DocumentPage> {
    const where = `WHERE ($status = NONE OR status = $status) AND ($mimeType = NONE OR mime_type = $mimeType)`;
    const [rows, counts] = await query<[DocumentRow[], { total: number }[]]>(
      this.session,
      `SELECT ${COLUMNS} FROM document ${where} ORDER BY createdAt DESC, id DESC LIMIT $limit START $start;
       SELECT count() AS total FROM document ${where} GROUP ALL;`,
      {
        status: request.status,
        mimeType: request.mimeType,
        limit: request.pageSize,
        start: request.page * request.pageSize,
      },
    );
    return {
      documents: rows.map(toStored),
      page: request.page,
      pageSize: request.pageSize,
      total: counts[0]?.total ?? 0,
    };
  }

  /** Removes the record and its chunks at once; its id stays taken, so that its event cannot bring it back. @returns false when it was not there. */
  async delete(id: string): Promise<boolean> {
    const results = await atomic(
      this.session,
      `BEGIN;
       DELETE knowledge_chunk WHERE document = type::record('document', $id);
       DELETE knowledge_vector WHERE document = type::record('document', $id);
       DELETE job WHERE subject = $id;
       UPSERT type::record('document_tombstone', $id) SET deleted_at = time::now();
       RETURN (DELETE type::record('document', $id) RETURN BEFORE);
       COMMIT;`,
      { id },
    );
    return results.some((result) => Array.isArray(result) && result.length > 0);
  }

  async listChunks(id: string, page: number, pageSize: number): Promise<ChunkPage> {
    const [chunks, counts] = await query<[Chunk[], { total: number }[]]>(
      this.session,
      `SELECT record::id(id) AS id, record::id(document) AS document, text, position, section ?? null AS section, page ?? null AS page,
         char_start AS charStart, char_end AS charEnd, token_count ?? null AS tokenCount
       FROM knowledge_chunk WHERE document = type::record('document', $id) ORDER BY position LIMIT $limit START $start;
       SELECT count() AS total FROM knowledge_chunk WHERE document = type::record('document', $id) GROUP ALL;`,
      { id, limit: pageSize, start: page * pageSize },
    );
    return { chunks, page, pageSize, total: counts[0]?.total ?? 0 };
  }
}
