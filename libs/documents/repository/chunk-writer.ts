import { createHash } from 'node:crypto';
import { idFromDigest } from '#libs/contracts/index.js';
import { titleKey } from '#libs/recall/index.js';
import { atomic, type SurrealSession } from '#libs/stores/surreal/index.js';
import { RecordId } from 'surrealdb';

/** A chunk as the pipeline hands it over, with its vector. */
export interface EmbeddedChunk {
  readonly position: number;
  readonly text: string;
  /** What full-text search sees: title, heading path and text. */
  readonly searchText: string;
  readonly section: string | null;
  readonly page: number | null;
  readonly charStart: number;
  readonly charEnd: number;
  readonly tokenCount: number;
  readonly embedding: readonly number[];
}

export interface ChunkOwner {
  readonly documentId: string;
  readonly version: number;
  readonly title: string;
  readonly labels: readonly string[];
  readonly embeddingModelId: string;
}

/** The id of a chunk follows from (document, version, position): a rerun writes the same rows again, never more. */
export function chunkId(documentId: string, version: number, position: number): string {
  return idFromDigest(createHash('sha256').update(`${documentId}\0${version}\0${position}`).digest());
}

/**
 * Writes a batch in one transaction, and only while the document still is at this version: a document deleted
 * meanwhile gets no orphans. Rows that are there already stay as they are.
 * @returns false when the document is gone.
 */
export async function writeChunks(
  session: SurrealSession,
  owner: ChunkOwner,
  chunks: readonly EmbeddedChunk[],
): Promise<boolean> {
  const document = new RecordId('document', owner.documentId);
  const now = new Date();
  const rows = chunks.map((chunk) => ({
    id: new RecordId('knowledge_chunk', chunkId(owner.documentId, owner.version, chunk.position)),
    document,
    text: chunk.text,
    search_text: chunk.searchText,
    title_key: chunk.position === 0 ? (titleKey(owner.title) ?? undefined) : undefined,
    position: chunk.position,
    section: chunk.section ?? undefined,
    page: chunk.page ?? undefined,
    char_start: chunk.charStart,
    char_end: chunk.charEnd,
    token_count: chunk.tokenCount,
    labels: owner.labels,
    created_at: now,
  }));
  const vectors = chunks.map((chunk) => ({
    id: new RecordId('knowledge_vector', chunkId(owner.documentId, owner.version, chunk.position)),
    document,
    embedding: chunk.embedding,
    embedding_model_id: owner.embeddingModelId,
    labels: owner.labels,
    created_at: now,
  }));
  const results = await atomic(
    session,
    `BEGIN;
     LET $there = (SELECT VALUE version FROM ONLY $document) = $version;
     IF $there {
       INSERT IGNORE INTO knowledge_chunk $rows RETURN NONE;
       INSERT IGNORE INTO knowledge_vector $vectors RETURN NONE;
     };
     RETURN $there;
     COMMIT;`,
    { document, version: owner.version, rows, vectors },
  );
  return results.includes(true);
}

/**
 * Removes the chunks of a document other than the first `keep` of this version: what an earlier version left behind, or
 * all of them (0). Does nothing once the document is at another version: a late retry must not take the rows of the next.
 */
export async function deleteStaleChunks(
  session: SurrealSession,
  documentId: string,
  version: number,
  keep: number,
): Promise<void> {
  const keys = Array.from({ length: keep }, (_unused, position) => chunkId(documentId, version, position));
  await atomic(
    session,
    `BEGIN;
     IF (SELECT VALUE version FROM ONLY $document) = $version {
       DELETE knowledge_chunk WHERE document = $document AND record::id(id) NOT IN $keys;
       DELETE knowledge_vector WHERE document = $document AND record::id(id) NOT IN $keys;
     };
     COMMIT;`,
    { document: new RecordId('document', documentId), version, keys },
  );
}
