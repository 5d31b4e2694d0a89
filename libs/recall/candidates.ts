import { RecordId } from 'surrealdb';
import { query, type SurrealSession } from '#libs/stores/surreal/index.js';

/** Which rows may answer; conditions are part of the search itself, never a filter on its result. */
export interface CandidateFilter {
  readonly documentIds?: readonly string[] | null;
  readonly mimeTypes?: readonly string[] | null;
  readonly labels?: readonly string[] | null;
}

export interface CandidateRequest {
  readonly terms: string | null;
  readonly vector: readonly number[] | null;
  readonly embeddingModelId: string;
  readonly pool: number;
  readonly includeMemory: boolean;
  readonly filter: CandidateFilter;
}

/** Scores by record id (`knowledge_chunk:…`, `memory_chunk:…`). */
export interface Candidates {
  /** One map per table: BM25 of different indexes cannot be compared. */
  readonly bm25: readonly ReadonlyMap<string, number>[];
  readonly vector: ReadonlyMap<string, number>;
}

interface Scored {
  id: string;
  score: number;
}

const TEXT_FIELDS = { knowledge_chunk: 'search_text', memory_chunk: 'text' } as const;
type Table = keyof typeof TEXT_FIELDS;

function conditions(table: Table, filter: CandidateFilter): string {
  const parts: string[] = [];
  if (filter.labels?.length) parts.push('labels CONTAINSALL $labels');
  if (table === 'knowledge_chunk') {
    if (filter.documentIds?.length) parts.push('document IN $documents');
    if (filter.mimeTypes?.length) parts.push('document.mime_type IN $mimeTypes');
  }
  return parts.map((part) => ` AND ${part}`).join('');
}

/** OR semantics: the engine's default asks for all words of a question and finds almost nothing. */
function textStatement(table: Table, request: CandidateRequest): string {
  return `SELECT id, search::score(1) AS score FROM ${table} WHERE ${TEXT_FIELDS[table]} @1,OR@ $terms${conditions(table, request.filter)}
    ORDER BY score DESC LIMIT ${request.pool};`;
}

/** `<|k,ef|>` takes literals only; both are validated integers of the configuration. */
function vectorStatement(table: Table, request: CandidateRequest): string {
  return `SELECT id, 1 - vector::distance::knn() AS score FROM ${table} WHERE embedding <|${request.pool},${request.pool}|> $vector
    AND embedding_model_id = $model${conditions(table, request.filter)};`;
}

/** Asks every signal of every table for its best rows, in one round trip. */
export async function findCandidates(session: SurrealSession, request: CandidateRequest): Promise<Candidates> {
  const tables: Table[] = request.includeMemory ? ['knowledge_chunk', 'memory_chunk'] : ['knowledge_chunk'];
  const text = request.terms ? tables.map((table) => textStatement(table, request)) : [];
  const vector = request.vector ? tables.map((table) => vectorStatement(table, request)) : [];
  if (text.length + vector.length === 0) return { bm25: [], vector: new Map() };
  const results = await query<Scored[][]>(session, [...text, ...vector].join('\n'), {
    terms: request.terms ?? '',
    vector: request.vector ?? [],
    model: request.embeddingModelId,
    labels: request.filter.labels ?? [],
    documents: (request.filter.documentIds ?? []).map((id) => new RecordId('document', id)),
    mimeTypes: request.filter.mimeTypes ?? [],
  });
  const collect = (lists: readonly Scored[][]): Map<string, number> =>
    new Map(lists.flat().map((row) => [row.id, row.score]));
  return {
    bm25: results.slice(0, text.length).map((list) => collect([list])),
    vector: collect(results.slice(text.length)),
  };
}
