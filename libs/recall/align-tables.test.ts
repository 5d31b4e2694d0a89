import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { alignTables, coverage } from './align-tables.js';

describe('coverage', () => {
  it('counts the words of the question that the text has in some form', () => {
    expect(coverage(['vault', 'code', 'shed'], 'The vault code of the shed is 4711.')).toBe(1);
    expect(coverage(['vault', 'code', 'shed'], 'A code of conduct.')).toBeCloseTo(1 / 3);
    expect(coverage(['protecting', 'accounts'], 'Protect each account')).toBe(1);
    expect(coverage([], 'anything')).toBe(0);
  });

  it('stays between 0 and 1', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (terms, text) => {
        const share = coverage(terms, text);
        expect(share >= 0 && share <= 1).toBe(true);
      }),
    );
  });
});

describe('alignTables', () => {
  it('lets the only row of a small table that answers the question beat a large table that does not', () => {
    const aligned = alignTables([
      { scores: new Map([['large:a', 9.5]]), coverage: 1 / 3 },
      { scores: new Map([['small:b', 0]]), coverage: 1 },
    ]);
    expect(aligned.get('small:b')).toBe(1);
    expect(aligned.get('large:a')).toBeCloseTo(1 / 3);
  });

  it('keeps the order and the margins within each table', () => {
    const scores = fc.dictionary(fc.string({ minLength: 1 }), fc.double({ min: 0.001, max: 50, noNaN: true }), {
      minKeys: 2,
    });
    fc.assert(
      fc.property(scores, fc.double({ min: 0.01, max: 1, noNaN: true }), (raw, covered) => {
        const before = new Map(Object.entries(raw));
        const after = alignTables([{ scores: before, coverage: covered }]);
        const best = Math.max(...before.values());
        for (const [id, value] of before) expect(after.get(id)).toBeCloseTo((value / best) * covered, 10);
      }),
    );
  });
});
