import type { Block } from './extracted-document.js';
import { estimateTokens, MOST_UNITS_PER_TOKEN, prefixWithinTokens } from './tokens.js';

/** The smallest stretch that chunking keeps whole: a sentence, a line, or a cut of one that was too long. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
  readonly block: Block;
}

/** Lines carry the structure of these; a sentence splitter would run over their line ends. */
const LINE_KINDS: ReadonlySet<Block['kind']> = new Set(['list', 'table', 'code']);

/** Language-neutral rules (Unicode UAX #29): the language of a document is not known here. */
const sentences = new Intl.Segmenter('und', { granularity: 'sentence' });

/** Cuts a block into pieces of at most `maxTokens`, without white space at their ends, in order. */
export function piecesOf(text: string, block: Block, maxTokens: number): Piece[] {
  const pieces: Piece[] = [];
  for (const [from, to] of LINE_KINDS.has(block.kind) ? linesOf(text, block) : sentencesOf(text, block)) {
    let [start, end] = trim(text, from, to);
    while (start < end) {
      const cut = start + cutWithin(text, start, end, maxTokens);
      const [pieceStart, pieceEnd] = trim(text, start, cut);
      pieces.push({
        start: pieceStart,
        end: pieceEnd,
        tokens: estimateTokens(text.slice(pieceStart, pieceEnd)),
        block,
      });
      [start, end] = trim(text, cut, end);
    }
  }
  return pieces;
}

/**
 * Length of the first piece of `text` from `start` to `end`. Looks no further than a piece can reach, so that a line
 * of megabytes costs no more than its length.
 */
function cutWithin(text: string, start: number, end: number, maxTokens: number): number {
  const reach = (maxTokens + 1) * MOST_UNITS_PER_TOKEN;
  if (end - start <= reach) return prefixWithinTokens(text.slice(start, end), maxTokens);
  const window = text.slice(start, start + reach);
  const cut = prefixWithinTokens(window, maxTokens);
  // Only white space lets a window of this length fit, so there is some to cut at.
  return cut < window.length ? cut : window.search(/\s\S*$/u);
}

function* linesOf(text: string, block: Block): Generator<[number, number]> {
  let start = block.start;
  while (start < block.end) {
    const lineEnd = text.indexOf('\n', start);
    const end = lineEnd === -1 || lineEnd >= block.end ? block.end : lineEnd + 1;
    yield [start, end];
    start = end;
  }
}

function* sentencesOf(text: string, block: Block): Generator<[number, number]> {
  for (const { index, segment } of sentences.segment(text.slice(block.start, block.end))) {
    yield [block.start + index, block.start + index + segment.length];
  }
}

function trim(text: string, from: number, to: number): [number, number] {
  let start = from;
  let end = to;
  while (start < end && isSpace(text, start)) start++;
  while (end > start && isSpace(text, end - 1)) end--;
  return [start, end];
}

function isSpace(text: string, index: number): boolean {
  return /\s/u.test(text.charAt(index));
}
