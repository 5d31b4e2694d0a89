import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { affordableTerms } from './document-frequencies.js';

const question = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,6}$/), fc.integer({ min: 0, max: 2_000 })), {
    selector: ([term]) => term,
    maxLength: 20,
  })
  .map((entries) => ({ terms: entries.map(([term]) => term), frequencies: new Map(entries) }));

describe('the words that are worth scoring', () => {
  it('keep the order of the question and leave out what matches nothing', () => {
    const frequencies = new Map([
      ['city', 3_000],
      ['waterfall', 12],
      ['zanzibar', 0],
      ['river', 400],
    ]);
    expect(affordableTerms(['city', 'waterfall', 'zanzibar', 'river'], frequencies, 1_000)).toEqual([
      'waterfall',
      'river',
    ]);
  });

  it('are the rarest, within the budget unless one alone exceeds it, and never none when something matches', () => {
    fc.assert(
      fc.property(question, fc.integer({ min: 1, max: 5_000 }), ({ terms, frequencies }, budget) => {
        const rows = (term: string): number => frequencies.get(term) ?? 0;
        const kept = affordableTerms(terms, frequencies, budget);
        const matching = terms.filter((term) => rows(term) > 0);
        expect(kept.length > 0).toBe(matching.length > 0);
        if (kept.length > 1) expect(kept.reduce((sum, term) => sum + rows(term), 0)).toBeLessThanOrEqual(budget);
        const dropped = matching.filter((term) => !kept.includes(term));
        for (const term of dropped) for (const other of kept) expect(rows(other)).toBeLessThanOrEqual(rows(term));
        expect(kept).toEqual(terms.filter((term) => kept.includes(term)));
      }),
    );
  });
});
