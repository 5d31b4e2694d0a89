/**
 * Tokens are estimated, not counted: every embedding model has its own tokenizer, and a chunk only has to fit. The
 * estimate follows how byte-pair vocabularies of about 100,000 entries cut text; a token is
 *
 * - up to seven letters or digits of a Latin word: common words are one token, long or rare ones are cut in two or
 *   three (English prose comes out at 1.2 to 1.4 tokens a word);
 * - up to three letters of a script that those vocabularies know less well;
 * - one Han, kana or Hangul character;
 * - one of any other visible character: punctuation, symbols, emoji. White space is free.
 *
 * What a character costs depends on the run it stands in and on nothing else around it, so cutting a text anywhere
 * never makes the sum of the parts smaller than the whole: a chunk packed from measured parts never exceeds its limit.
 */
const TOKEN =
  /[\p{Script=Latin}\p{M}\p{Nd}]{1,7}|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[[\p{L}\p{N}]--[\p{Script=Latin}\p{Nd}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]]{1,3}|\S/gv;

/** No token covers more UTF-16 units than this: seven letters from beyond the basic plane. */
export const MOST_UNITS_PER_TOKEN = 14;

/** Letters or digits of a Latin word that are one token. */
const LATIN_UNITS_PER_TOKEN = 7;

/** Estimated number of tokens of `text`, 0 for only white space. */
export function estimateTokens(text: string): number {
  return estimateAscii(text) ?? estimateAny(text);
}

/** The same count without the expression, which costs ten times as much; null when the text is not ASCII. */
function estimateAscii(text: string): number | null {
  let total = 0;
  let run = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return null;
    const letter = code | 0x20;
    if ((letter >= 0x61 && letter <= 0x7a) || (code >= 0x30 && code <= 0x39)) {
      if (run === 0) total++;
      run = run === LATIN_UNITS_PER_TOKEN - 1 ? 0 : run + 1;
      continue;
    }
    run = 0;
    const isSpace = code === 0x20 || (code >= 0x09 && code <= 0x0d);
    if (!isSpace) total++;
  }
  return total;
}

function estimateAny(text: string): number {
  let total = 0;
  for (const _ of text.matchAll(TOKEN)) total++;
  return total;
}

/**
 * The largest prefix of `text` that costs at most `budget` tokens (at least 1), as a length in UTF-16 units that never
 * parts a surrogate pair. Ends at white space where the prefix has any, else between two tokens.
 */
export function prefixWithinTokens(text: string, budget: number): number {
  let spent = 0;
  let lastSpace = 0;
  let previousEnd = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > previousEnd && previousEnd > 0) lastSpace = previousEnd;
    spent++;
    if (spent > budget) return lastSpace > 0 ? lastSpace : previousEnd;
    previousEnd = match.index + match[0].length;
  }
  return text.length;
}

/** The mirror image: the start of the largest suffix of whole words that costs at most `budget` tokens. */
export function suffixWithinTokens(text: string, budget: number): number {
  let spent = 0;
  let start = text.length;
  for (const word of [...text.matchAll(/\S+/gu)].reverse()) {
    spent += estimateTokens(word[0]);
    if (spent > budget) break;
    start = word.index;
  }
  return start;
}
