const ENDS_IN_HYPHEN = /\p{L}[-\u00ad\u2010]$/u;
const STARTS_LOWER_CASE = /^\p{Ll}/u;
/** The last word of a text or a part of an address is shorter; only so much is looked at, whatever came before. */
const LONGEST_WORD = 200;

/**
 * Joins the lines of a paragraph to running text. A hyphen at a line end is dropped where it only parted a word, and
 * kept where it belongs to it: `words` (all words of the document that do not touch a line end) shows which of the two
 * forms the author uses, and two parts that are both words of the document are taken for a compound.
 */
export function joinLines(lines: readonly string[], words: ReadonlySet<string> = new Set()): string {
  let text = '';
  for (const line of lines) {
    if (text === '') text = line;
    else if (ENDS_IN_HYPHEN.test(text.slice(-LONGEST_WORD)) && STARTS_LOWER_CASE.test(line))
      text = joinAtHyphen(text, line, words);
    else if (text.endsWith('-') && !text.endsWith(' -')) text += line;
    else text += ` ${line}`;
  }
  return text;
}

function joinAtHyphen(text: string, line: string, words: ReadonlySet<string>): string {
  const stem = text.slice(0, -1);
  const end = stem.slice(-LONGEST_WORD);
  const head = (/\p{L}+$/u.exec(end)?.[0] ?? '').toLowerCase();
  const tail = /^\p{L}+/u.exec(line)?.[0] ?? '';
  if (text.endsWith('\u00ad') || words.has(head + tail)) return stem + line;
  // Acronyms and addresses are not parted by hyphenation: the hyphen is their own.
  const isCompound =
    /\p{Lu}{2}$/u.test(end) ||
    /[/@:.]\S*$/u.test(end) ||
    words.has(`${head}-${tail}`) ||
    (words.has(head) && words.has(tail));
  return isCompound ? `${stem}-${line}` : stem + line;
}

/** The words and hyphenated words of lines, lower-cased, without those at a line end, which may be parts of words. */
export function wordsOf(lines: Iterable<string>): Set<string> {
  const words = new Set<string>();
  for (const line of lines) {
    const inner = line.slice(0, line.search(/\s\S*$/u) + 1).replace(/^\p{Ll}\S*/u, '');
    for (const [word] of inner.toLowerCase().matchAll(/\p{L}+(?:-\p{L}+)*/gu)) words.add(word);
  }
  return words;
}
