import { describe, expect, it } from '@jest/globals';
import { ANALYSERS, Bm25, words } from './bm25.mjs';
import { stem } from './porter.mjs';

describe('the Porter stemmer', () => {
  it.each(
    // The examples of the paper, step by step, each with the stem that the whole algorithm ends at.
    Object.entries({
      caresses: 'caress',
      ponies: 'poni',
      cats: 'cat',
      feed: 'feed',
      agreed: 'agre',
      plastered: 'plaster',
      bled: 'bled',
      motoring: 'motor',
      sing: 'sing',
      conflated: 'conflat',
      troubled: 'troubl',
      sized: 'size',
      hopping: 'hop',
      falling: 'fall',
      hissing: 'hiss',
      failing: 'fail',
      filing: 'file',
      happy: 'happi',
      sky: 'sky',
      relational: 'relat',
      conditional: 'condit',
      digitizer: 'digit',
      vietnamization: 'vietnam',
      operator: 'oper',
      hopefulness: 'hope',
      formality: 'formal',
      triplicate: 'triplic',
      electrical: 'electr',
      goodness: 'good',
      revival: 'reviv',
      adjustable: 'adjust',
      replacement: 'replac',
      adoption: 'adopt',
      effective: 'effect',
      probate: 'probat',
      rate: 'rate',
      controll: 'control',
      roll: 'roll',
      generalizations: 'gener',
      oscillators: 'oscil',
      is: 'is',
    }),
  )('ends %s at %s', (word, expected) => {
    expect(stem(word)).toBe(expected);
  });
});

describe('words', () => {
  it('are runs of a-z and 0-9 without case and diacritics', () => {
    expect(words('Élan-vital, 2nd ﬁle; Ørsted')).toEqual(['elan', 'vital', '2nd', 'file', 'rsted']);
  });

  it('lose stop words and endings when stemmed', () => {
    expect(ANALYSERS.stemmed('Who was the president of the associations?')).toEqual(['presid', 'associ']);
  });
});

describe('BM25', () => {
  const index = new Bm25(['red fox', 'red red dog runs far', 'blue bird', 'red fox'], ANALYSERS.plain);

  it('ranks by idf and length, keeps ties in order and leaves out what shares no word', () => {
    // "fox" is in two of four texts, "red" in three; the shorter texts have both.
    expect(index.top('red fox', 10)).toEqual([0, 3, 1]);
    expect(index.top('green', 10)).toEqual([]);
    expect(index.top('red fox', 1)).toEqual([0]);
  });

  it('counts a word of the question once', () => {
    // Counted five times over, "red" would lift the long text, which has it twice, over the one "bird".
    expect(index.top('red bird red red red red', 1)).toEqual([2]);
  });
});
