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

/** What full-text search found in one table. */
export interface TableMatches {
  readonly scores: ReadonlyMap<string, number>;
  /** The text, as full-text search sees it, of the best row; '' when nothing was found. */
  readonly bestText: string;
}

/** Scores by record id of the passage (`knowledge_chunk:…`, `memory_chunk:…`). */
export interface Candidates {
  /** One entry a table: BM25 of different indexes cannot be compared. */
  readonly text: readonly TableMatches[];
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
interface Answer {
  text: { rows: Row[]; bestText: string | null }[];
  vector: VectorRow[][];
  titled: string[];
}

/** Documents that share a title and answer to its name; more would be noise. */
export const SAME_TITLE_LIMIT = 4;

/** OR semantics: the engine's default asks for all words of a question and finds almost nothing. */
function textStatements(table: PassageTable, n: number, request: CandidateRequest): string {
  const field = TEXT_FIELDS[table];
  return `LET $text${n} = (SELECT id, search::score(1) AS score FROM ${table}
      WHERE ${field} @1,OR@ $terms${n}${filterConditions(table, request.filter)} ORDER BY score DESC LIMIT ${request.textPool});
    LET $best${n} = $text${n}[0].id.${field};`;
}

/**
 * `<|k,ef|>` takes literals only; both are validated integers of the configuration. The model of a row is looked at
 * afterwards: as a condition it made the engine read every record that its walk through the graph touches, and took
 * nine times as long. All rows of a Context are of one model but while it is being changed.
 */
function vectorStatement(table: PassageTable, n: number, request: CandidateRequest): string {
  const { vectorPool, filter } = request;
  return `LET $vector${n} = (SELECT type::record('${table}', record::id(id)) AS id, embedding_model_id AS model,
      1 - vector::distance::knn() AS score FROM ${VECTOR_TABLES[table]}
      WHERE embedding <|${vectorPool},${vectorPool}|> $vector${filterConditions(table, filter)});`;
}

function titleStatement(request: CandidateRequest): string {
  return `LET $titled = array::distinct(array::flatten($names.map(|$name|
      (SELECT VALUE id FROM knowledge_chunk WHERE title_key = $name${filterConditions('knowledge_chunk', request.filter)}
        LIMIT ${SAME_TITLE_LIMIT}))));`;
}

const list = (names: readonly string[]): string => `[${names.join(', ')}]`;

/** Asks every signal that knows the question for its best rows, in one round trip. */
export async function findCandidates(session: SurrealSession, request: CandidateRequest): Promise<Candidates> {
  const searched = request.tables.filter((table) => (request.terms.get(table) ?? []).length > 0);
  const compared = request.vector ? request.tables : [];
  const statements = [
    ...searched.map((table, n) => textStatements(table, n, request)),
    ...compared.map((table, n) => vectorStatement(table, n, request)),
    titleStatement(request),
    `RETURN { text: ${list(searched.map((_t, n) => `{ rows: $text${n}, bestText: $best${n} }`))},
      vector: ${list(compared.map((_t, n) => `$vector${n}`))}, titled: $titled };`,
  ];
  const results = await query<unknown[]>(session, statements.join('\n'), {
    ...Object.fromEntries(searched.map((table, n) => [`terms${n}`, (request.terms.get(table) ?? []).join(' ')])),
    vector: request.vector ?? [],
    names: request.names,
    ...filterParameters(request.filter),
  });
  const answer = results.at(-1) as Answer;
  return {
    text: answer.text.map(({ rows, bestText }) => ({
      scores: new Map(rows.map((row) => [row.id, row.score])),
      bestText: bestText ?? '',
    })),
    vector: new Map(
      answer.vector
        .flat()
        .filter((row) => row.model === request.embeddingModelId)
        .map((row) => [row.id, row.score]),
    ),
    titled: answer.titled,
  };
}
