import { describe, expect, it } from '@jest/globals';
import { intervals, seededRandom } from './bootstrap.mjs';
import { summarise } from './scores.mjs';

const half = Array.from({ length: 100 }, (_, index) => index % 2);

describe('the bootstrap', () => {
  it('gives the same interval for the same seed, and another for another', () => {
    const of = (seed) => intervals({ half: half.map((value) => value + Math.PI) }, { seed, resamples: 300 }).half;
    expect(of(7)).toEqual(of(7));
    expect([8, 9, 10].map(of)).not.toEqual([7, 7, 7].map(of));
  });

  it('agrees with the normal interval of a mean of 100 coins', () => {
    const { mean, low, high } = intervals({ half }, { seed: 1 }).half;
    expect(mean).toBe(0.5);
    // .5 -+ 1.96 * .05; the mean moves in steps of .01.
    expect(Math.abs(low - 0.402)).toBeLessThan(0.015);
    expect(Math.abs(high - 0.598)).toBeLessThan(0.015);
  });

  it('has no width where all values are equal', () => {
    expect(intervals({ one: [1, 1, 1] }, { seed: 1, resamples: 50 }).one).toEqual({ mean: 1, low: 1, high: 1 });
  });

  it('draws every number of [0, 1) about equally often', () => {
    const random = seededRandom(3);
    const tenths = new Array(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) tenths[Math.floor(random() * 10)] += 1;
    // 1,000 expected, standard deviation 30.
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('sees a difference that is the same on every question, however much the questions differ', () => {
    const row = (value) => ({
      'recall@5': value,
      'recall@10': value,
      'all@5': value,
      'mrr@50': value,
      'ndcg@10': value,
    });
    const systems = { a: half.map((value) => row(value / 2 + 0.25)), b: half.map((value) => row(value / 2)) };
    const { difference } = summarise(systems, [['difference', 'a', 'b']], 1);
    expect(difference['recall@5']).toEqual({ mean: 0.25, low: 0.25, high: 0.25 });
  });
});
