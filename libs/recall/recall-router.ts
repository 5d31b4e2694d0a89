import type { EmbeddingModel } from '#libs/models/index.js';
import type { SurrealSession } from '#libs/stores/surreal/index.js';
import { alignTables, coverage } from './align-tables.js';
import { findCandidates, type CandidateFilter } from './candidates.js';
import { fuse, type FusedHit, type Fusion, type SignalScores } from './fuse.js';
import { loadPassages, loadSearchTexts, type Passage } from './passages.js';
import { queryTerms } from './query-terms.js';
import { weightsFor } from './weights.js';

export type RecallMode = 'hybrid' | 'bm25' | 'vector';

export interface RecallRequest {
  readonly question: string;
  readonly mode: RecallMode;
  readonly k: number;
  /** Conversations too, or documents only. */
  readonly includeMemory: boolean;
  readonly filter: CandidateFilter;
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

/** Finds what a Context knows about a question: asks the signals, fuses what they say, loads the best. */
export class RecallRouter {
  constructor(
    private readonly session: SurrealSession,
    private readonly embeddings: EmbeddingModel,
    /** How many rows each signal contributes, independent of `k`. */
    private readonly pool: number,
  ) {}

  async recall(request: RecallRequest): Promise<RecallResult> {
    const lexical = request.mode !== 'vector';
    const semantic = request.mode !== 'bm25';
    const [vector] = semantic ? await this.embeddings.embed([request.question]) : [];
    const terms = lexical ? queryTerms(request.question) : null;
    const candidates = await findCandidates(this.session, {
      terms,
      vector: vector ?? null,
      embeddingModelId: this.embeddings.id,
      pool: Math.max(this.pool, request.k),
      includeMemory: request.includeMemory,
      filter: request.filter,
    });
    const hybrid = weightsFor(this.embeddings.id, request.vectorWeight);
    const signals: SignalScores[] = [
      {
        signal: 'bm25',
        weight: request.mode === 'bm25' ? 1 : hybrid.bm25,
        scores: new Map(candidates.bm25.flatMap((table) => [...table])),
        comparable: await this.#comparable(terms ?? '', candidates.bm25),
      },
      { signal: 'vector', weight: request.mode === 'vector' ? 1 : hybrid.vector, scores: candidates.vector },
    ];
    const fusion: Fusion = request.rrfK != null ? { method: 'rrf', k: request.rrfK } : { method: 'max' };
    const fused = fuse(signals, fusion);
    const best = fused.filter((hit) => hit.score >= (request.threshold ?? 0)).slice(0, request.k);
    const passages = await loadPassages(
      this.session,
      best.map((hit) => hit.id),
    );
    const hits = best.flatMap((hit) => {
      const passage = passages.get(hit.id);
      return passage ? [{ ...hit, passage }] : [];
    });
    return { hits, retrieved: fused.length };
  }

  /** BM25 scores on one scale. Tables that found nothing need none, and one table alone is on its own scale. */
  async #comparable(
    terms: string,
    tables: readonly ReadonlyMap<string, number>[],
  ): Promise<ReadonlyMap<string, number>> {
    const found = tables.filter((table) => table.size > 0);
    if (found.length <= 1) return found[0] ?? new Map<string, number>();
    // The engine answers best first.
    const bests = found.map((scores) => [...scores.keys()][0] ?? '');
    const texts = await loadSearchTexts(this.session, bests);
    return alignTables(
      found.map((scores, index) => ({ scores, coverage: coverage(terms, texts.get(bests[index] ?? '') ?? '') })),
    );
  }
}
