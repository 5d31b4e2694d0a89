// Percentile bootstrap over questions: how far a mean would move if other questions of the same kind had been asked.
import { quantile } from './metrics.mjs';

export const RESAMPLES = 10_000;
const LOW = 0.025;
const HIGH = 0.975;

/** mulberry32: 32-bit state, the same numbers for the same seed everywhere. */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The mean of each column with its 95 % interval. All columns are resampled by the same questions.
 *
 * @param {Record<string, readonly number[]>} columns one value per question, in the same order
 * @param {{ seed: number, resamples?: number }} options
 * @returns {Record<string, { mean: number, low: number, high: number }>}
 */
export function intervals(columns, { seed, resamples = RESAMPLES }) {
  const names = Object.keys(columns);
  const count = columns[names[0]]?.length ?? 0;
  const random = seededRandom(seed);
  const means = names.map(() => new Float64Array(resamples));
  const drawn = new Int32Array(count);
  for (let round = 0; round < resamples; round++) {
    for (let index = 0; index < count; index++) drawn[index] = Math.floor(random() * count);
    for (const [number, name] of names.entries()) {
      const values = columns[name];
      let total = 0;
      for (let index = 0; index < count; index++) total += values[drawn[index]];
      means[number][round] = total / count;
    }
  }
  return Object.fromEntries(
    names.map((name, number) => {
      const sorted = means[number].sort();
      const mean = columns[name].reduce((total, value) => total + value, 0) / count;
      return [name, { mean, low: quantile(sorted, LOW), high: quantile(sorted, HIGH) }];
    }),
  );
}
