import { hashPair, hashText } from './feature-hash.js';

/**
 * Each whole word is spread over this many dimensions: two words that share one dimension then still differ in the
 * others. Measured on vectors alone, recall@5: 1 -> .685, 2 -> .700, 4 -> .740.
 */
const SPREAD = 4;
const SHORTEST_GRAM = 3;
const LONGEST_GRAM = 5;
/** What all n-grams of a word weigh together, against the word itself at 1. */
const GRAMS_WEIGHT = 1;
/** Words repeat within and between texts; the features of this many are kept, then all are forgotten at once. */
const CACHED_WORDS = 50_000;
/** A longer "word" is encoded data; its first letters identify it. */
const MAX_WORD_LENGTH = 40;

/** Seeds that keep a word apart from an n-gram or word pair of the same letters. */
const WORD_SEED = 0x5bd1e995;
const GRAM_SEED = 0x1b873593;

interface Entry {
  readonly dimensions: Uint16Array;
  readonly weights: Float64Array;
}

/** The hashed features of words, and how they are added to a vector. */
export class WordFeatures {
  readonly #entries = new Map<string, Entry>();
  readonly #dimensions: number;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
  }

  /** Adds a word and its n-grams to `vector`, `weight` times. */
  add(vector: Float64Array, word: string, weight: number): void {
    const { dimensions, weights } = this.#entry(word);
    for (let index = 0; index < dimensions.length; index++) {
      const dimension = dimensions[index] ?? 0;
      vector[dimension] = (vector[dimension] ?? 0) + (weights[index] ?? 0) * weight;
    }
  }

  /** Adds any other feature, given by its hash. */
  addHash(vector: Float64Array, hash: number, weight: number): void {
    const dimension = hash % this.#dimensions;
    vector[dimension] = (vector[dimension] ?? 0) + signOf(hash) * weight;
  }

  #entry(word: string): Entry {
    const cached = this.#entries.get(word);
    if (cached !== undefined) return cached;
    if (this.#entries.size >= CACHED_WORDS) this.#entries.clear();
    const entry = this.#compute(word.slice(0, MAX_WORD_LENGTH));
    this.#entries.set(word, entry);
    return entry;
  }

  #compute(word: string): Entry {
    const whole = hashText(word, 0, word.length, WORD_SEED);
    const wordHashes = Array.from({ length: SPREAD }, (_, index) => hashPair(whole, index));
    const gramHashes = gramsOf(word);
    const gramWeight = GRAMS_WEIGHT / Math.sqrt(gramHashes.length || 1);
    const hashes = [...wordHashes, ...gramHashes];
    return {
      dimensions: Uint16Array.from(hashes, (hash) => hash % this.#dimensions),
      weights: Float64Array.from(
        hashes,
        (hash, index) => signOf(hash) * (index < SPREAD ? 1 / Math.sqrt(SPREAD) : gramWeight),
      ),
    };
  }
}

/** The n-grams of a word between boundary marks, so that a prefix differs from the same letters inside of a word. */
function gramsOf(word: string): number[] {
  if (word.length < SHORTEST_GRAM) return [];
  const marked = `_${word}_`;
  const hashes: number[] = [];
  for (let length = SHORTEST_GRAM; length <= LONGEST_GRAM; length++) {
    for (let start = 0; start + length <= marked.length; start++) {
      hashes.push(hashText(marked, start, start + length, GRAM_SEED));
    }
  }
  return hashes;
}

/** The sign comes from the top bit; the dimension comes from the remainder, to which it is as good as unrelated. */
function signOf(hash: number): 1 | -1 {
  return hash & 0x80000000 ? -1 : 1;
}
