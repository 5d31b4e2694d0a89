import type { RecallSignal } from '#libs/contracts/index.js';

export type SignalWeights = Readonly<Record<RecallSignal, number>>;

/**
 * What the signals around a passage weigh, whatever the embeddings. All are flat around their best: half or twice as much
 * moved nDCG@10 by less than .02. Each row was chosen on one half of the questions (docs/evaluation, "Weights").
 *
 * `title_link` is worth most: recall@5 .825 -> .945 and .571 -> .652 on two sets of multi-hop questions; `title` .910 ->
 * .945 and .632 -> .652. `neighbour` and its shares (neighbourhood.ts) were measured on dated conversations, recall@10
 * .63 -> .72 without any embedding.
 */
const AROUND = { title: 0.5, title_link: 0.6, neighbour: 0.3 } as const;

/**
 * The weight of each signal in `hybrid` mode. Each signal is first brought to 0..1; a signal that found nothing for a
 * question takes no part, and the weights of the others are divided by their sum.
 *
 * `sentence`: equal halves lost to plain BM25 on none of five sets with sentence embeddings (measured beforehand).
 * `local`: the hashed features mostly repeat what BM25 knows; with them recall@5 differs by -.005 and +.013, and the
 * reciprocal rank of the first good passage by .00 and +.03.
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
