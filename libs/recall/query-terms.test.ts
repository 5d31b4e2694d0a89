import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { queryTerms } from './query-terms.js';

describe('the words of a question', () => {
  it.each([
    ['How do we protect the privileged accounts?', 'protect privileged accounts'],
    ['NIST SP 800-53, rev. 5', 'nist sp 800 53 rev 5'],
    ['honey Honey HONEY', 'honey'],
    ["Anna's boat and the captain’s, which doesn't leak", 'anna boat captain leak'],
    ['the of and', 'the of and'],
    ['???', ''],
    ['Straße und Ärger', 'straße und ärger'],
    ['什么 是', '什么 是'],
  ])('of %j are %j', (question, terms) => {
    expect(queryTerms(question).join(' ')).toBe(terms);
  });

  it('are at most 64 different words without any operator of the search language', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000 }), (question) => {
        const words = queryTerms(question);
        expect(words.length).toBeLessThanOrEqual(64);
        expect(new Set(words).size).toBe(words.length);
        for (const word of words) expect(word).toMatch(/^[\p{L}\p{N}]+$/u);
      }),
    );
    expect(queryTerms(Array.from({ length: 100 }, (_, i) => `word${i}`).join(' '))).toHaveLength(64);
  });
});
