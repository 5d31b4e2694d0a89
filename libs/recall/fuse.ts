import type { Explain, RecallSignal } from '#libs/contracts/index.js';

/** One signal's view of the candidates: what it measured of each, larger is better. */
export interface SignalScores {
  readonly signal: RecallSignal;
  readonly weight: number;
  readonly scores: ReadonlyMap<string, number>;
  /** Stands in for `scores` where those of different rows cannot be compared as they are; of the same rows. */
  readonly comparable?: ReadonlyMap<string, number>;
  /** The passages, by record id, through which a signal that looks around others has found each. */
  readonly via?: ReadonlyMap<string, string>;
  /** The signal measures on the scale of 0..1 that fused scores have, and is left on it whatever the fusion. */
  readonly absolute?: boolean;
}

export interface FusedHit {
  readonly id: string;
  /** 0..1 when the weights add up to 1; the sum of the contributions in `explain`. */
  readonly score: number;
  readonly explain: Explain;
}

/** How a signal's measurements become comparable with those of another. */
export type Fusion = { readonly method: 'max' } | { readonly method: 'rrf'; readonly k: number };

interface Ranked {
  readonly id: string;
  readonly raw: number;
  readonly rank: number;
  readonly normalised: number;
}

function rank({ scores, comparable = scores, absolute }: SignalScores, fusion: Fusion): Ranked[] {
  const sorted = [...comparable]
    .filter(([, value]) => value >= 0)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const best = sorted[0]?.[1] ?? 0;
  const normalise = (value: number, index: number): number => {
    if (absolute) return Math.min(1, value);
    if (fusion.method === 'rrf') return (fusion.k + 1) / (fusion.k + index + 1);
    // BM25 gives 0 to words that stand in most rows; in a Context of one document they are all there is.
    return best > 0 ? value / best : 1;
  };
  return sorted.map(([id, value], index) => ({
    id,
    raw: scores.get(id) ?? value,
    rank: index + 1,
    normalised: normalise(value, index),
  }));
}

/** The key of a record id, as hits show it. */
const keyOf = (record: string): string => record.slice(record.indexOf(':') + 1);

/**
 * Adds up the signals of every candidate, best first; ties by id, so that the same data gives the same order.
 *
 * `max` divides by the best value of the signal and so keeps its margins; reciprocal rank fusion (Cormack, Clarke and
 * Büttcher 2009: 1 / (k + rank), here scaled so that rank 1 is 1) throws them away and measured below plain BM25 on
 * dated conversations. It stays available because the published API has its parameter.
 */
export function fuse(signals: readonly SignalScores[], fusion: Fusion = { method: 'max' }): FusedHit[] {
  const explained = new Map<string, Explain['signals']>();
  for (const scored of signals) {
    const { signal, weight } = scored;
    for (const { id, raw, rank: position, normalised } of rank(scored, fusion)) {
      const parts = explained.get(id) ?? [];
      const via = scored.via?.get(id);
      parts.push({
        signal,
        rank: position,
        raw,
        normalised,
        weight,
        contribution: weight * normalised,
        ...(via === undefined ? {} : { via: keyOf(via) }),
      });
      explained.set(id, parts);
    }
  }
  return [...explained]
    .map(([id, parts]) => ({
      id,
      score: parts.reduce((sum, part) => sum + part.contribution, 0),
      explain: { signals: parts },
    }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}
