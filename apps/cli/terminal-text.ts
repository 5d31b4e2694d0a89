import { stripVTControlCharacters } from 'node:util';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\uff01-\uff60])/u;

/**
 * Text of documents and servers without control characters: an escape sequence in an uploaded document must not reach
 * the terminal of whoever reads it. Line breaks stay, tabs become spaces.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n?/g, '\n')
    .replaceAll('\t', '  ')
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}

/** `text` on one line. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim();
}

/** Columns that `text` takes: two for CJK and emoji. Exact enough for tables, not for every terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** `text` cut to `width` columns at its end, or at its start where the end says more; the cut is an ellipsis. */
export function truncate(text: string, width: number, cut: 'end' | 'start' = 'end'): string {
  if (displayWidth(text) <= width) return text;
  const all = [...graphemes.segment(text)].map(({ segment }) => segment);
  const kept: string[] = [];
  let used = 1;
  for (const segment of cut === 'end' ? all : all.reverse()) {
    used += displayWidth(segment);
    if (used > width) break;
    kept.push(segment);
  }
  return cut === 'end' ? `${kept.join('')}…` : `…${kept.reverse().join('')}`;
}

/** Wraps every line of `text` at `width` columns between words; a longer word is cut. */
export function wrap(text: string, width: number): string[] {
  return printable(text)
    .split('\n')
    .flatMap((line) => wrapLine(line, Math.max(width, 10)));
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ').filter((part) => part !== '')) {
    const candidate = current === '' ? word : `${current} ${word}`;
    if (displayWidth(candidate) <= width) {
      current = candidate;
      continue;
    }
    if (current !== '') lines.push(current);
    const pieces = cut(word, width);
    lines.push(...pieces.slice(0, -1));
    current = pieces.at(-1) ?? '';
  }
  return [...lines, current];
}

function cut(word: string, width: number): string[] {
  const pieces = [''];
  for (const { segment } of graphemes.segment(word)) {
    const last = pieces.at(-1) ?? '';
    if (last !== '' && displayWidth(last + segment) > width) pieces.push(segment);
    else pieces[pieces.length - 1] = last + segment;
  }
  return pieces;
}
