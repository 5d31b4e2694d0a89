import { describe, expect, it } from '@jest/globals';
import { distinct, halves, measure, quantile } from './metrics.mjs';

describe('measures of a ranked list', () => {
  it('are what one counts by hand', () => {
    const ranked = ['x', 'a', 'y', 'z', 'b', 'w', 'v', 'c', 'u', 't', 'd'];
    const found = measure(ranked, ['a', 'b', 'c', 'd']);
    expect(found['recall@5']).toBe(2 / 4);
    expect(found['recall@10']).toBe(3 / 4);
    expect(found['all@5']).toBe(0);
    expect(found['mrr@50']).toBe(1 / 2);
    // Gains at ranks 2, 5 and 8 over those at ranks 1 to 4: 1/log2(3) + 1/log2(6) + 1/log2(9) over 1 + ... + 1/log2(5).
    expect(found['ndcg@10']).toBeCloseTo((0.6309298 + 0.3868528 + 0.3154649) / (1 + 0.6309298 + 0.5 + 0.4306766), 6);
  });

  it('are 1 when everything stands on top, and 0 when nothing is found', () => {
    expect(Object.values(measure(['b', 'a', 'x'], ['a', 'b']))).toEqual([1, 1, 1, 1, 1]);
    expect(Object.values(measure(['x', 'y'], ['a', 'b']))).toEqual([0, 0, 0, 0, 0]);
    expect(Object.values(measure([], ['a']))).toEqual([0, 0, 0, 0, 0]);
  });

  it('see nothing beyond rank 50', () => {
    const ranked = Array.from({ length: 60 }, (_, index) => `p${index + 1}`);
    expect(measure(ranked, ['p50'])['mrr@50']).toBe(1 / 50);
    expect(measure(ranked, ['p51'])['mrr@50']).toBe(0);
  });

  it('count a passage once, at its best rank', () => {
    expect(distinct(['b', 'a', 'b', 'c', 'a'])).toEqual(['b', 'a', 'c']);
  });
});

describe('halves of a set', () => {
  it('are equal in size and do not depend on the order of the questions', () => {
    const ids = Array.from({ length: 101 }, (_, index) => `q${index}`);
    const found = halves(ids);
    expect([...found.values()].filter((half) => half === 'first')).toHaveLength(51);
    const reversed = halves(ids.toReversed());
    expect(ids.map((id) => reversed.get(id))).toEqual(ids.map((id) => found.get(id)));
  });

  it('follow the sha256 of the id', () => {
    // sha256 begins with ca978112 for "a", 3e23e816 for "b", 2e7d2c03 for "c", 18ac3e73 for "d".
    expect(Object.fromEntries(halves(['a', 'b', 'c', 'd']))).toEqual({
      a: 'second',
      b: 'second',
      c: 'first',
      d: 'first',
    });
  });
});

describe('quantile', () => {
  it('is the nearest rank', () => {
    const sorted = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    expect([0, 0.5, 0.95, 1].map((share) => quantile(sorted, share))).toEqual([1, 5, 10, 10]);
  });
});
