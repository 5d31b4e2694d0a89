import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { estimateTokens, prefixWithinTokens, suffixWithinTokens } from './tokens.js';

const anyText = fc.string({ unit: 'binary', maxLength: 80 });

describe('estimateTokens', () => {
  it('counts common words once, long ones in parts, marks once and white space not at all', () => {
    expect(estimateTokens('the cat sat')).toBe(3);
    expect(estimateTokens('internationalisation')).toBe(3);
    expect(estimateTokens('wait, what?!')).toBe(5);
    expect(estimateTokens(' \n\t ')).toBe(0);
    expect(estimateTokens('漢字かな')).toBe(4);
    expect(estimateTokens('обеспечение')).toBe(4);
  });

  it('counts ASCII as it counts any other text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 80 }), (text) => {
        // One Han character is one token, and takes the whole text off the way that only ASCII goes.
        expect(estimateTokens(`${text} 漢`)).toBe(estimateTokens(text) + 1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never makes the parts of a cut text cheaper than the whole', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), (text, seed) => {
        const at = text.length === 0 ? 0 : seed % (text.length + 1);
        const cut = text.slice(0, at).isWellFormed() ? at : at - 1;
        expect(estimateTokens(text.slice(0, cut)) + estimateTokens(text.slice(cut))).toBeGreaterThanOrEqual(
          estimateTokens(text),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('prefixWithinTokens', () => {
  it('gives a prefix that fits, is never empty, and parts no character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 20 }),
        (text, budget) => {
          const length = prefixWithinTokens(text, budget);
          expect(length).toBeGreaterThan(0);
          expect(estimateTokens(text.slice(0, length))).toBeLessThanOrEqual(budget);
          expect(text.slice(0, length).isWellFormed()).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('ends between words where it can', () => {
    expect('one two three'.slice(0, prefixWithinTokens('one two three', 2))).toBe('one two');
  });
});

describe('suffixWithinTokens', () => {
  it('starts at a word and fits', () => {
    expect('one two three four'.slice(suffixWithinTokens('one two three four', 2))).toBe('three four');
    expect(suffixWithinTokens('incomprehensibilities', 1)).toBe('incomprehensibilities'.length);
  });
});
