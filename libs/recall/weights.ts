/**
 * The weight of each signal in `hybrid` mode. Equal halves, each divided by its best value, lost to plain BM25 on none
 * of the sets it was tried on with sentence embeddings. The local model hashes words and their parts, so it mostly
 * repeats what BM25 knows and gets less.
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
