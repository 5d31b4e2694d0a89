// The peer of the service: plain BM25 over whole passages, the baseline that comes with the question sets.
import { stem } from './porter.mjs';

const K1 = 1.2;
const B = 0.75;
const STOP_WORDS = new Set(
  `a about above after again against all am an and any are as at be because been before being below between
  both but by can could did do does doing down during each few for from further had has have having he her here hers
  herself him himself his how i if in into is it its itself just me more most my myself no nor not now of off on once only
  or other our ours ourselves out over own same she should so some such than that the their theirs them themselves then
  there these they this those through to too under until up very was we were what when where which while who whom why will
  with would you your yours yourself yourselves s t d ll m re ve don`.split(/\s+/),
);

/** Runs of a-z and 0-9 after removal of diacritics and case. */
export function words(text) {
  const folded = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return folded.match(/[a-z0-9]+/g) ?? [];
}

/** How a text becomes terms: as it stands, or without stop words and by stems. */
export const ANALYSERS = {
  plain: words,
  stemmed: (text) =>
    words(text)
      .filter((word) => !STOP_WORDS.has(word))
      .map(stem),
};

/**
 * BM25 over a fixed list of texts. Every distinct term of a question counts once; idf = ln(1 + (N - df + .5) / (df + .5));
 * ties stand in the order of the texts; a text that shares no term with the question is no result.
 */
export class Bm25 {
  #analyse;
  #postings = new Map();
  #lengths = [];
  #meanLength;

  /**
   * @param {readonly string[]} texts
   * @param {(text: string) => string[]} analyse
   */
  constructor(texts, analyse) {
    this.#analyse = analyse;
    for (const [index, text] of texts.entries()) {
      const terms = analyse(text);
      this.#lengths.push(terms.length);
      const counts = new Map();
      for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
      for (const [term, count] of counts) {
        if (!this.#postings.has(term)) this.#postings.set(term, []);
        this.#postings.get(term).push([index, count]);
      }
    }
    this.#meanLength = this.#lengths.reduce((sum, length) => sum + length, 0) / (texts.length || 1) || 1;
  }

  /** Indexes of the best `limit` texts, best first. */
  top(question, limit) {
    const scores = new Map();
    for (const term of new Set(this.#analyse(question))) {
      const postings = this.#postings.get(term) ?? [];
      const idf = Math.log(1 + (this.#lengths.length - postings.length + 0.5) / (postings.length + 0.5));
      for (const [index, count] of postings) {
        const norm = 1 - B + (B * this.#lengths[index]) / this.#meanLength;
        scores.set(index, (scores.get(index) ?? 0) + (idf * count * (K1 + 1)) / (count + K1 * norm));
      }
    }
    return [...scores]
      .sort(([a, first], [b, second]) => second - first || a - b)
      .slice(0, limit)
      .map(([index]) => index);
  }
}
