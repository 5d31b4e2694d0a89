import { eng } from 'stopword';
import type { EmbeddingModel } from './embeddings.js';
import { hashPair, hashText } from './feature-hash.js';
import { WordFeatures } from './word-features.js';

export const LOCAL_EMBEDDING_DIMENSIONS = 384;

/** Change it whenever a vector would: stored vectors carry it, and recall only compares vectors of one id. */
const MODEL_ID = `local-hash-${LOCAL_EMBEDDING_DIMENSIONS}-v1`;

/**
 * Weights of the features. There are no document frequencies here - a vector must not depend on what else is stored -
 * so the shape of a word stands in for its rarity: names and numbers tell texts apart, function words do not. Measured
 * on two sets of multi-hop questions, vectors alone, recall@5: words only .685 and .239, with n-grams .72 and .29, with
 * names at 2 as well .73 and .44. Words are not stemmed: their n-grams already bring the forms of a word together, and
 * with stems the fusion with a stemmed full-text search was worse at every weight tried.
 */
const CAPITALISED_WEIGHT = 2;
const NUMBER_WEIGHT = 1.5;
const PAIR_WEIGHT = 0.3;

/** Words that stand in every text, and what an apostrophe leaves behind of them. */
const STOP_WORDS: ReadonlySet<string> = new Set([
  ...eng,
  ...'s t d m ll re ve don does did am having why whom'.split(' '),
]);

/** After this many texts in one turn the event loop gets the next one. */
const TEXTS_PER_TURN = 64;

const WORD = /[\p{L}\p{N}]+/gu;
/** Scripts that write without spaces: two neighbouring characters stand for a word, as in every search engine. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}]/u;

/**
 * Embeddings without a model, a network or a key: the words, word pairs and character n-grams of a text, hashed with
 * signs into 384 dimensions, repeated words counting by the logarithm of their number, normalised to length 1.
 * Deterministic across machines and versions of Node. They know spelling, not meaning: a synonym is a stranger.
 */
export function localEmbeddings(): EmbeddingModel {
  const features = new WordFeatures(LOCAL_EMBEDDING_DIMENSIONS);
  return {
    id: MODEL_ID,
    dimensions: LOCAL_EMBEDDING_DIMENSIONS,
    async embed(texts, options = {}) {
      const vectors: number[][] = [];
      for (const text of texts) {
        if (vectors.length % TEXTS_PER_TURN === 0) {
          if (vectors.length > 0) await new Promise(setImmediate);
          options.signal?.throwIfAborted();
        }
        vectors.push(embedText(text, features));
      }
      return vectors;
    },
  };
}

interface Term {
  count: number;
  weight: number;
}

function embedText(text: string, features: WordFeatures): number[] {
  const words = wordsOf(text);
  const content = words.filter((word) => !STOP_WORDS.has(word.key));
  const vector = new Float64Array(LOCAL_EMBEDDING_DIMENSIONS);
  // A question of nothing but function words still has to differ from another one.
  addTerms(vector, content.length > 0 ? content : words, features);
  return normalised(vector, text);
}

interface Word {
  /** Lower-cased, without diacritics. */
  readonly key: string;
  readonly weight: number;
}

function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const [raw] of foldMarks(text).matchAll(WORD)) {
    const key = raw.toLowerCase();
    if (UNSPACED.test(raw)) {
      for (const pair of characterPairs(key)) words.push({ key: pair, weight: 1 });
      continue;
    }
    words.push({ key, weight: shapeWeight(raw, key) });
  }
  return words;
}

function addTerms(vector: Float64Array, words: readonly Word[], features: WordFeatures): void {
  const terms = new Map<string, Term>();
  const pairs = new Map<number, number>();
  let previous: string | null = null;
  for (const { key, weight } of words) {
    const term = terms.get(key);
    if (term === undefined) {
      terms.set(key, { count: 1, weight });
    } else {
      term.count++;
      term.weight = Math.max(term.weight, weight);
    }
    if (previous !== null) {
      const pair = hashPair(hashText(previous), hashText(key));
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    previous = key;
  }
  for (const [key, { count, weight }] of terms) features.add(vector, key, weight * sublinear(count));
  for (const [pair, count] of pairs) features.addHash(vector, pair, PAIR_WEIGHT * sublinear(count));
}

/** Decomposes and drops diacritics, so that names match however they are typed. ASCII has none. */
function foldMarks(text: string): string {
  return /^[\x00-\x7f]*$/u.test(text) ? text : text.normalize('NFKD').replace(/\p{M}/gu, '');
}

function characterPairs(word: string): string[] {
  const characters = Array.from(word);
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`);
}

function shapeWeight(raw: string, key: string): number {
  if (/^\p{N}/u.test(raw)) return NUMBER_WEIGHT;
  return raw.charAt(0) === key.charAt(0) ? 1 : CAPITALISED_WEIGHT;
}

function sublinear(count: number): number {
  return 1 + Math.log(count);
}

/** A text without any letter or digit gets a direction of its own: cosine is not defined for a vector of zeros. */
function normalised(vector: Float64Array, text: string): number[] {
  let sum = 0;
  for (const value of vector) sum += value * value;
  if (sum === 0) {
    const axis = hashText(text.trim()) % LOCAL_EMBEDDING_DIMENSIONS;
    return Array.from(vector, (_, index) => (index === axis ? 1 : 0));
  }
  const length = Math.sqrt(sum);
  return Array.from(vector, (value) => value / length);
}
