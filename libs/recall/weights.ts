import type { RecallSignal } from '#libs/contracts/index.js';

export type SignalWeights = Readonly<Record<RecallSignal, number>>;

/** What the signals around a passage weigh, whatever the embeddings. */
const AROUND = { title: 0.5, title_link: 0.6, neighbour: 0.3 } as const;

/**
 * The weight of each signal in `hybrid` mode. Each signal is first brought to 0..1; a signal that found nothing for a
 * question takes no part, and the weights of the others are divided by their sum.
 */
export const WEIGHTS = {
  sentence: { bm25: 0.5, vector: 0.5, ...AROUND },
  local: { bm25: 0.7, vector: 0.3, ...AROUND },
} as const satisfies Record<string, SignalWeights>;

/** The row for an embedding model. */
export function weightsOf(modelId: string): SignalWeights {
  return modelId.startsWith('local') ? WEIGHTS.local : WEIGHTS.sentence;
}

/** The weights of a request: it may ask for a share of the vectors (0..1) against BM25. */
export function weightsFor(weights: SignalWeights, vectorWeight: number | null | undefined): SignalWeights {
  return vectorWeight == null ? weights : { ...weights, bm25: 1 - vectorWeight, vector: vectorWeight };
}
