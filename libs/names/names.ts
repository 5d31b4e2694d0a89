import { eng } from 'stopword';

/** A name of more words is hardly ever written out in full. */
const MAX_WORDS = 6;
/** Words in small letters that may stand next to each other inside a name: "University of the Arts". */
const MAX_SMALL_WORDS = 2;
/** What may stand between two words of one name; a full stop only behind an abbreviation or initials. */
const WITHIN_NAME = /^[\s'’\-–:&,]{1,3}$/u;
const AFTER_ABBREVIATION = /^\.\s?$/u;
const ABBREVIATION_LETTERS = 3;
/** Capital letters, digits, and letters of scripts that have no capitals. */
const BEGINS_NAME = /^[\p{Lu}\p{Lt}\p{N}\p{Lo}]/u;
const WORD = /[\p{L}\p{N}]+/gu;
const STOP_WORDS: ReadonlySet<string> = new Set(eng);

const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/**
 * The form under which a title is found wherever it is mentioned: its words without capitals and diacritics, without an
 * article at the beginning, a remark in brackets at the end and a file's ending. Null for a title that no mention could be told by.
 */
export function titleKey(title: string): string | null {
  const bare = title
    .trimEnd()
    .replace(/[([][^()[\]]*[)\]]$/u, '')
    .trimEnd()
    .replace(/\.[\p{L}\p{N}]{1,5}$/u, '');
  const words: string[] = fold(bare).match(WORD) ?? [];
  while (STOP_WORDS.has(words[0] ?? '')) words.shift();
  return words.length === 0 || words.length > MAX_WORDS ? null : words.join(' ');
}

/**
 * Keys of everything in a text that could be a name, in the order of their first mention, each once, at most `limit`:
 * runs of words that begin and end with a capital letter or a digit, and every part of them that does. Whether one is
 * the name of anything is for the store to say.
 */
export function nameKeys(text: string, limit: number): string[] {
  const words = [...text.matchAll(WORD)].map((match) => ({
    folded: fold(match[0]),
    begins: BEGINS_NAME.test(match[0]),
    from: match.index,
    to: match.index + match[0].length,
  }));
  const keys = new Set<string>();
  for (const [first, word] of words.entries()) {
    if (!word.begins || STOP_WORDS.has(word.folded)) continue;
    let key = word.folded;
    let small = 0;
    keys.add(key);
    for (let last = first + 1; last < Math.min(words.length, first + MAX_WORDS); last++) {
      const [before, next] = [words[last - 1], words[last]];
      if (!before || !next || !belongTogether(before.folded, text.slice(before.to, next.from))) break;
      key += ` ${next.folded}`;
      small = next.begins ? 0 : small + 1;
      if (small > MAX_SMALL_WORDS) break;
      if (next.begins) keys.add(key);
    }
    if (keys.size >= limit) break;
  }
  return [...keys].slice(0, limit);
}

function belongTogether(before: string, between: string): boolean {
  return WITHIN_NAME.test(between) || (before.length <= ABBREVIATION_LETTERS && AFTER_ABBREVIATION.test(between));
}
