import type { EmbeddingModel } from '#libs/models/index.js';
import type { SurrealSession } from '#libs/stores/surreal/index.js';
import { alignTables, coverage } from './align-tables.js';
import { findByText, findByVector, findTitled, type Scores } from './candidates.js';
import { affordableTerms, DocumentFrequencies } from './document-frequencies.js';
import { fuse, type FusedHit, type Fusion, type SignalScores } from './fuse.js';
import { nameKeys } from '#libs/names/index.js';
import { NEIGHBOUR_REACH, neighbourhood } from './neighbourhood.js';
import type { PassageFilter } from './passage-filter.js';
import { PASSAGE_TABLES, type PassageTable } from './passage-tables.js';
import { loadPassages, loadSearchTexts, type Passage } from './passages.js';
import { queryTerms } from './query-terms.js';
import { findSurroundings } from './surroundings.js';
import { mentionedNames, titleLinks, type FoundPassage } from './title-links.js';
import { weightsFor, weightsOf, type SignalWeights } from './weights.js';

export type RecallMode = 'hybrid' | 'bm25' | 'vector';

export interface RecallRequest {
  readonly question: string;
  readonly mode: RecallMode;
  readonly k: number;
  /** Conversations too, or documents only. */
  readonly includeMemory: boolean;
  readonly filter: PassageFilter;
  /** Hits below this fused score (0..1) are left out. */
  readonly threshold?: number | null;
  readonly vectorWeight?: number | null;
  /** Asks for reciprocal rank fusion with this constant. */
  readonly rrfK?: number | null;
}

export type RecallHit = FusedHit & { readonly passage: Passage };

export interface RecallResult {
  readonly hits: readonly RecallHit[];
  /** How many rows any signal found. */
  readonly retrieved: number;
}

export interface RecallOptions {
  readonly embeddings: EmbeddingModel;
  /** How many rows full-text search contributes, independent of `k`. */
  readonly textPool: number;
  /** How many neighbours the vectors contribute; time grows with it. */
  readonly vectorPool: number;
  /** Rows that full-text search may score for one question; see `affordableTerms`. */
  readonly scoredRows: number;
  /** Replaces what `WEIGHTS` says of a signal; 0 leaves it out. */
  readonly weights: Partial<SignalWeights>;
}

/** A Context as recall sees it. */
export interface RecallContext {
  readonly id: string;
  readonly session: SurrealSession;
}

/** Names of a question that are looked up. */
const NAMES_PER_QUESTION = 64;
/** Hits whose mentions are followed. 3 to 10 measured alike; each costs the look-up of some 40 names. */
const LINK_SOURCES = 3;
/** Found turns that lend to their neighbours. */
const NEIGHBOUR_SOURCES = 10;

/** Finds what a Context knows about a question: asks the signals, fuses what they say, follows where the best point. */
export class RecallRouter {
  readonly #options: RecallOptions;
  readonly #frequencies = new DocumentFrequencies();

  constructor(options: RecallOptions) {
    this.#options = options;
  }

  async recall(context: RecallContext, request: RecallRequest): Promise<RecallResult> {
    const weights = this.#weights(request);
    const tables = request.includeMemory ? PASSAGE_TABLES : PASSAGE_TABLES.slice(0, 1);
    // The engine answers several requests at a time, so the wait is that of the slowest.
    const compared = await Promise.all([
      this.#byText(context, request, weights, tables),
      this.#byVector(context, request, weights, tables),
      this.#byTitle(context, request, weights),
    ]);
    const fusion: Fusion = request.rrfK != null ? { method: 'rrf', k: request.rrfK } : { method: 'max' };
    const first = fuse(compared, fusion);
    const shown = first.slice(0, Math.max(request.k, NEIGHBOUR_SOURCES)).map((hit) => hit.id);
    const passages = await loadPassages(context.session, shown.slice(0, NEIGHBOUR_SOURCES));
    const found = first.flatMap(({ id, score }) => {
      const passage = passages.get(id);
      return passage ? [{ passage, score: Math.min(1, score) }] : [];
    });
    const [around, rest] = await Promise.all([
      this.#lookAround(context.session, request, weights, found),
      loadPassages(context.session, shown.slice(NEIGHBOUR_SOURCES)),
    ]);
    for (const passage of [...around.passages, ...rest.values()]) passages.set(passage.record, passage);
    const fused = fuse(scaled([...compared, ...around.signals]), fusion);
    const hits = fused
      .filter((hit) => hit.score >= (request.threshold ?? 0))
      .flatMap((hit) => {
        const passage = passages.get(hit.id);
        return passage ? [{ ...hit, passage }] : [];
      });
    return { hits: hits.slice(0, request.k), retrieved: fused.length };
  }

  /** The weights of this request; 0 for a signal that takes no part. */
  #weights({ mode, vectorWeight }: RecallRequest): SignalWeights {
    const none = { bm25: 0, vector: 0, title: 0, title_link: 0, neighbour: 0 };
    if (mode !== 'hybrid') return { ...none, [mode]: 1 };
    const { embeddings, weights } = this.#options;
    return weightsFor({ ...weightsOf(embeddings.id), ...weights }, vectorWeight);
  }

  async #byText(
    context: RecallContext,
    { question, filter, k }: RecallRequest,
    { bm25: weight }: SignalWeights,
    tables: readonly PassageTable[],
  ): Promise<SignalScores> {
    if (weight === 0) return { signal: 'bm25', weight, scores: new Map() };
    const { textPool, scoredRows } = this.#options;
    const terms = queryTerms(question);
    const found = await Promise.all(
      tables.map(async (table) => {
        const counts = await this.#frequencies.count(context, table, terms, scoredRows);
        const affordable = affordableTerms(terms, counts, scoredRows);
        return findByText(context.session, table, affordable, filter, Math.max(textPool, k));
      }),
    );
    const comparable = await comparableScores(context.session, found, terms);
    return { signal: 'bm25', weight, scores: new Map(found.flatMap((scores) => [...scores])), comparable };
  }

  async #byVector(
    { session }: RecallContext,
    { question, filter, k, mode }: RecallRequest,
    { vector: weight }: SignalWeights,
    tables: readonly PassageTable[],
  ): Promise<SignalScores> {
    if (weight === 0) return { signal: 'vector', weight, scores: new Map() };
    const { embeddings, vectorPool } = this.#options;
    const [vector = []] = await embeddings.embed([question]);
    const limit = mode === 'vector' ? Math.max(vectorPool, k) : vectorPool;
    return {
      signal: 'vector',
      weight,
      scores: await findByVector(session, tables, vector, embeddings.id, filter, limit),
    };
  }

  async #byTitle(
    { session }: RecallContext,
    { question, filter }: RecallRequest,
    { title: weight }: SignalWeights,
  ): Promise<SignalScores> {
    const names = weight === 0 ? [] : nameKeys(question, NAMES_PER_QUESTION);
    const titled = await findTitled(session, names, filter);
    return { signal: 'title', weight, absolute: true, scores: new Map(titled.map((id) => [id, 1])) };
  }

  async #lookAround(
    session: SurrealSession,
    { filter }: RecallRequest,
    weights: SignalWeights,
    found: readonly FoundPassage[],
  ): Promise<{ signals: SignalScores[]; passages: readonly Passage[] }> {
    const linking = weights.title_link > 0 ? found.slice(0, LINK_SOURCES) : [];
    const lending =
      weights.neighbour > 0 ? found.slice(0, NEIGHBOUR_SOURCES).filter(({ passage }) => passage.turnSeq !== null) : [];
    const { titled, neighbours } = await findSurroundings(session, {
      names: [...new Set(linking.flatMap(({ passage }) => mentionedNames(passage)))],
      turns: lending.flatMap(({ passage: { sessionId, turnSeq } }) =>
        sessionId !== null && turnSeq !== null ? [{ sessionId, turnSeq }] : [],
      ),
      reach: NEIGHBOUR_REACH,
      filter,
    });
    return {
      signals: [
        { signal: 'title_link', weight: weights.title_link, absolute: true, ...titleLinks(linking, titled) },
        { signal: 'neighbour', weight: weights.neighbour, absolute: true, ...neighbourhood(lending, neighbours) },
      ],
      passages: [...[...titled.values()].flat(), ...neighbours],
    };
  }
}

/** BM25 scores of several tables on one scale. One table alone is on its own scale. */
async function comparableScores(
  session: SurrealSession,
  tables: readonly Scores[],
  terms: readonly string[],
): Promise<Scores> {
  const matched = tables.filter((scores) => scores.size > 0);
  if (matched.length <= 1) return matched[0] ?? new Map<string, number>();
  const bests = matched.map((scores) => [...scores.keys()][0] ?? '');
  const texts = await loadSearchTexts(session, bests);
  return alignTables(
    matched.map((scores, table) => ({ scores, coverage: coverage(terms, texts.get(bests[table] ?? '') ?? '') })),
  );
}

/** Leaves out the signals that found nothing and divides the weights of the others by their sum. */
function scaled(signals: readonly SignalScores[]): SignalScores[] {
  const speaking = signals.filter(({ weight, scores }) => weight > 0 && scores.size > 0);
  const sum = speaking.reduce((total, { weight }) => total + weight, 0);
  return speaking.map((signal) => ({ ...signal, weight: signal.weight / sum }));
}
