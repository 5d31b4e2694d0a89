// Questions as hurried people type them.
import { seededRandom } from './bootstrap.mjs';

/** Words of fewer letters are left alone: they are read past, and their typos are rarely words that matter. */
const LONG_WORD = /\p{L}{4,}/gu;

/**
 * Swaps two neighbouring letters, never the first one, in a share of the longer words of each question. The same seed
 * gives the same typos.
 *
 * @param {readonly string[]} questions
 * @param {{ share: number, seed: number }} options `share` of the words of four letters and more, 0 to 1
 * @returns {string[]}
 */
export function withTypos(questions, { share, seed }) {
  const random = seededRandom(seed);
  const swap = (word) => {
    if (random() >= share) return word;
    const at = 1 + Math.floor(random() * (word.length - 2));
    return word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2);
  };
  return questions.map((question) => question.replace(LONG_WORD, swap));
}
