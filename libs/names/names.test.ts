import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nameKeys, titleKey } from './names.js';

describe('the key of a title', () => {
  it.each([
    ['Journal of Applied Botany', 'journal of applied botany'],
    ['Mercury (planet)', 'mercury'],
    ['Beyoncé Knowles', 'beyonce knowles'],
    ['privileged-identity_playbook.md', 'privileged identity playbook'],
    ['The Old Mill', 'old mill'],
    ['The', null],
    ['(2019)', null],
    ['50 Ways', '50 ways'],
    ['***', null],
    ['one two three four five six seven eight nine', null],
  ])('%j is %j', (title, key) => {
    expect(titleKey(title)).toBe(key);
  });

  it.each([' '.repeat(300_000), '()'.repeat(300_000), '('.repeat(300_000), `(${' '.repeat(300_000)})`])(
    'is found at once whatever stands in the title',
    (middle) => {
      expect(titleKey(`Mercury${middle}rising`)).toBe('mercury rising');
    },
  );

  it('is found in every sentence that mentions a capitalised title', () => {
    const word = fc.stringMatching(/^[A-Z][a-z]{2,8}$/).filter((text) => titleKey(text) !== null);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        const title = words.join(' ');
        expect(nameKeys(`it is said that ${title}, of all places, was meant`, 100)).toContain(titleKey(title));
      }),
    );
  });
});

describe('the names in a text', () => {
  it('are runs that begin and end with a capital or a digit, and their parts', () => {
    expect(nameKeys('who taught at the University of the Arts in 1984.', 100)).toEqual([
      'university',
      'university of the arts',
      'university of the arts in 1984',
      'arts',
      'arts in 1984',
      '1984',
    ]);
  });

  it('do not reach over the end of a sentence part or over three small words', () => {
    expect(nameKeys('Anna (Bern) and then went on to Rome', 100)).toEqual(['anna', 'bern', 'rome']);
  });

  it('leave out words that begin sentences and name nothing', () => {
    expect(nameKeys('The river. Then it flows. Where to? Under the hill.', 100)).toEqual([]);
  });

  it('go on behind an abbreviation and end with a sentence', () => {
    expect(nameKeys('in St. Gallen. Bern is', 100)).toEqual(['st', 'st gallen', 'gallen', 'bern']);
  });

  it('of scripts without capitals are all words', () => {
    expect(nameKeys('مدينة القاهرة', 100)).toEqual(['مدينة', 'مدينة القاهرة', 'القاهرة']);
  });

  it('are different, at most as many as wanted, and found in time that grows with the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), fc.integer({ min: 0, max: 50 }), (text, limit) => {
        const keys = nameKeys(text, limit);
        expect(new Set(keys).size).toBe(keys.length);
        expect(keys.length).toBeLessThanOrEqual(limit);
      }),
    );
  });
});
