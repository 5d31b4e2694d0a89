import { query, type SurrealSession } from '#libs/stores/surreal/index.js';
import { filterConditions, filterParameters, type PassageFilter } from './passage-filter.js';
import { TEXT_FIELDS, VECTOR_TABLES, type PassageTable } from './passage-tables.js';

export interface CandidateRequest {
  /** The words to look for in each table; a table without words is not searched by text. */
  readonly terms: ReadonlyMap<PassageTable, readonly string[]>;
  readonly vector: readonly number[] | null;
  readonly embeddingModelId: string;
  /** Keys of the names in the question. */
  readonly names: readonly string[];
  readonly tables: readonly PassageTable[];
  /** How many rows each search contributes at most. */
  readonly textPool: number;
  readonly vectorPool: number;
  readonly filter: PassageFilter;
}

/** Scores by record id of the passage (`knowledge_chunk:…`, `memory_chunk:…`). */
export interface Candidates {
  /** One entry a table: BM25 of different indexes cannot be compared. */
  readonly text: readonly ReadonlyMap<string, number>[];
  /** Cosine similarity. */
  readonly vector: ReadonlyMap<string, number>;
  /** First passages of the documents whose title the question names. */
  readonly titled: readonly string[];
}

interface Row {
  id: string;
  score: number;
}
interface VectorRow extends Row {
  model: string;
}
/** Documents that share a title and answer to its name; more would be noise. */
export const SAME_TITLE_LIMIT = 4;

/** OR semantics: the engine's default asks for all words of a question and finds almost nothing. */
function textStatement(table: PassageTable, n: number, request: CandidateRequest): string {
  return `SELECT id, search::score(1) AS score FROM ${table}
    WHERE ${TEXT_FIELDS[table]} @1,OR@ $terms${n}${filterConditions(table, request.filter)}
    ORDER BY score DESC LIMIT ${request.textPool};`;
}

/**
 * `<|k,ef|>` takes literals only; both are validated integers of the configuration. The model of a row is looked at
 * afterwards: as a condition it made the engine read every record that its walk through the graph touches, and took
 * nine times as long. All rows of a Context are of one model but while it is being changed.
 */
function vectorStatement(table: PassageTable, { vectorPool, filter }: CandidateRequest): string {
  return `SELECT type::record('${table}', record::id(id)) AS id, embedding_model_id AS model, 1 - vector::distance::knn() AS score
    FROM ${VECTOR_TABLES[table]} WHERE embedding <|${vectorPool},${vectorPool}|> $vector${filterConditions(table, filter)};`;
}

function titleStatement({ filter }: CandidateRequest): string {
  return `RETURN array::distinct(array::flatten($names.map(|$name|
    (SELECT VALUE id FROM knowledge_chunk WHERE title_key = $name${filterConditions('knowledge_chunk', filter)} LIMIT ${SAME_TITLE_LIMIT}))));`;
}

/**
 * Asks every signal that knows the question for its best rows, in one round trip. Searches stand as statements of their
 * own: as part of another statement the engine does not use its vector index (95 ms instead of 15 at 1,000 rows).
 */
export async function findCandidates(session: SurrealSession, request: CandidateRequest): Promise<Candidates> {
  const termsOf = (table: PassageTable): readonly string[] => request.terms.get(table) ?? [];
  const searched = request.tables.filter((table) => termsOf(table).length > 0);
  const compared = request.vector ? request.tables : [];
  const statements = [
    ...searched.map((table, n) => textStatement(table, n, request)),
    ...compared.map((table) => vectorStatement(table, request)),
    titleStatement(request),
  ];
  const results = await query<unknown[]>(session, statements.join('\n'), {
    ...Object.fromEntries(searched.map((table, n) => [`terms${n}`, termsOf(table).join(' ')])),
    vector: request.vector ?? [],
    names: request.names,
    ...filterParameters(request.filter),
  });
  const text = results.slice(0, searched.length) as Row[][];
  const vector = results.slice(searched.length, -1) as VectorRow[][];
  return {
    text: text.map((rows) => new Map(rows.map((row) => [row.id, row.score]))),
    vector: new Map(
      vector
        .flat()
        .filter((row) => row.model === request.embeddingModelId)
        .map((row) => [row.id, row.score]),
    ),
    titled: results.at(-1) as string[],
  };
}
