import { query, type SurrealSession } from '#libs/stores/surreal/index.js';
import { filterConditions, filterParameters, type PassageFilter } from './passage-filter.js';
import { TEXT_FIELDS, VECTOR_TABLES, type PassageTable } from './passage-tables.js';

/** Scores by record id of the passage (`knowledge_chunk:…`, `memory_chunk:…`), best first. */
export type Scores = ReadonlyMap<string, number>;

interface Row {
  id: string;
  score: number;
}
interface VectorRow extends Row {
  model: string;
}

/** Documents that share a title and answer to its name; more would be noise. */
export const SAME_TITLE_LIMIT = 4;

/**
 * The best `limit` rows of a table by BM25. OR semantics: the engine's default asks for all words of a question and
 * finds almost nothing.
 */
export async function findByText(
  session: SurrealSession,
  table: PassageTable,
  terms: readonly string[],
  filter: PassageFilter,
  limit: number,
): Promise<Scores> {
  if (terms.length === 0) return new Map();
  const [rows] = await query<[Row[]]>(
    session,
    `SELECT id, search::score(1) AS score FROM ${table}
     WHERE ${TEXT_FIELDS[table]} @1,OR@ $terms${filterConditions(table, filter)} ORDER BY score DESC LIMIT $limit;`,
    { terms: terms.join(' '), limit, ...filterParameters(filter) },
  );
  return new Map(rows.map((row) => [row.id, row.score]));
}

/**
 * The nearest rows of every table by cosine similarity, at most `limit` of each.
 *
 * The searches stand as statements of their own: within another statement the engine does not use its vector index
 * (95 ms instead of 15 at 1,000 rows). `<|k,ef|>` takes literals only; `limit` is a validated integer. The model of a row
 * is looked at afterwards: as a condition it made the engine read every record that its walk through the graph touches,
 * and took nine times as long. All rows of a Context are of one model but while it is being changed.
 */
export async function findByVector(
  session: SurrealSession,
  tables: readonly PassageTable[],
  vector: readonly number[],
  modelId: string,
  filter: PassageFilter,
  limit: number,
): Promise<Scores> {
  const statements = tables.map(
    (table) =>
      `SELECT type::record('${table}', record::id(id)) AS id, embedding_model_id AS model, 1 - vector::distance::knn() AS score
       FROM ${VECTOR_TABLES[table]} WHERE embedding <|${limit},${limit}|> $vector${filterConditions(table, filter)};`,
  );
  const results = await query<VectorRow[][]>(session, statements.join('\n'), { vector, ...filterParameters(filter) });
  const rows = results.flat().filter((row) => row.model === modelId);
  return new Map(rows.map((row) => [row.id, row.score]));
}

/** First passages of the documents that bear one of these names as their title. */
export async function findTitled(
  session: SurrealSession,
  names: readonly string[],
  filter: PassageFilter,
): Promise<string[]> {
  if (names.length === 0) return [];
  const [titled] = await query<[string[]]>(
    session,
    `RETURN array::distinct(array::flatten($names.map(|$name|
       (SELECT VALUE id FROM knowledge_chunk WHERE title_key = $name${filterConditions('knowledge_chunk', filter)} LIMIT ${SAME_TITLE_LIMIT}))));`,
    { names, ...filterParameters(filter) },
  );
  return titled;
}
