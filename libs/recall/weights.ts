/**
 * The weight of each signal in `hybrid` mode, each divided by its best value.
 *
 * `sentence`: equal halves lost to plain BM25 on none of five sets with sentence embeddings.
 *
 * `local`: the hashed features mostly repeat what BM25 knows. Measured offline on two multi-hop sets of 100 questions,
 * recall@5 of BM25 alone .795 and .513, fused at .5 .765 and .526, at .7 .770 and .534, at .9 .780 and .508 (the interval
 * is about .05); reciprocal rank of the first hit .895 -> .91 and .778 -> .80 at .7.
 */
export const WEIGHTS = {
  sentence: { bm25: 0.5, vector: 0.5 },
  local: { bm25: 0.7, vector: 0.3 },
} as const;

export interface SignalWeights {
  readonly bm25: number;
  readonly vector: number;
}

/** Picks the row for an embedding model, unless the caller asked for a share of the vectors (0..1). */
export function weightsFor(modelId: string, vectorWeight: number | null | undefined): SignalWeights {
  if (vectorWeight != null) return { bm25: 1 - vectorWeight, vector: vectorWeight };
  return modelId.startsWith('local') ? WEIGHTS.local : WEIGHTS.sentence;
}
