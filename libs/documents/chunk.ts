import type { ExtractedDocument } from './extracted-document.js';
import { piecesOf, type Piece } from './pieces.js';
import { partitionSections } from './sections.js';
import { estimateTokens, suffixWithinTokens } from './tokens.js';

/** One passage of a document. `document.text.slice(charStart, charEnd) === text`, always. */
export interface Chunk {
  /** 0-based, without gaps, in reading order. */
  readonly position: number;
  readonly text: string;
  readonly charStart: number;
  readonly charEnd: number;
  /** The headings that all of the chunk's text stands under, outermost first, joined by ' > '; null under none. */
  readonly section: string | null;
  /** 1-based page on which the chunk begins; null for formats without pages. */
  readonly page: number | null;
  /** Estimated, see tokens.ts; never more than `maxTokens`. */
  readonly tokenCount: number;
}

export interface ChunkOptions {
  /** Upper limit of a chunk, in estimated tokens. */
  readonly maxTokens?: number;
  /** How much of a chunk's end the next one repeats when a section had to be cut. */
  readonly overlapTokens?: number;
}

/** The published defaults of the document pipeline (reference section 8.1). */
const DEFAULT_MAX_TOKENS = 512;
const DEFAULT_OVERLAP_TOKENS = 64;

/** A chunk that is at least this full is closed in front of a block that does not fit, rather than cutting the block. */
const FULL_ENOUGH = 0.5;

/**
 * Cuts a document into passages, structure first: sections (sections.ts says which are kept apart) -> blocks ->
 * sentences or lines -> words. Whole blocks are packed as long as they fit; a heading always stands with what follows
 * it; consecutive chunks of one section overlap by whole sentences (by words if the last sentence alone is longer), and
 * chunks of different sections do not, because a heading is a better boundary than any overlap.
 *
 * Deterministic. Every visible character of every block is in at least one chunk.
 * Thrown: RangeError when `maxTokens` is below 1 or `overlapTokens` is not below `maxTokens`.
 */
export function chunkDocument(document: ExtractedDocument, options: ChunkOptions = {}): Chunk[] {
  const maxTokens = options.maxTokens ?? DEFAULT_MAX_TOKENS;
  const overlapTokens = options.overlapTokens ?? Math.min(DEFAULT_OVERLAP_TOKENS, Math.floor(maxTokens / 8));
  if (maxTokens < 1 || overlapTokens < 0 || overlapTokens >= maxTokens) {
    throw new RangeError(`chunk sizes must satisfy 0 <= overlapTokens < maxTokens, not ${overlapTokens}, ${maxTokens}`);
  }
  const pageAt = pageFinder(document);
  const chunks: Chunk[] = [];
  for (const section of partitionSections(document, maxTokens)) {
    const blocks = section.map((block) => piecesOf(document.text, block, maxTokens));
    for (const span of packSection(document.text, blocks, maxTokens, overlapTokens)) {
      const text = document.text.slice(span.start, span.end);
      chunks.push({
        position: chunks.length,
        text,
        charStart: span.start,
        charEnd: span.end,
        section: sectionOf(span.pieces),
        page: pageAt(span.start),
        tokenCount: estimateTokens(text),
      });
    }
  }
  return chunks;
}

interface Span {
  readonly start: number;
  readonly end: number;
  /** What the chunk adds; the overlap in front of `pieces[0]` is not among them. */
  readonly pieces: readonly Piece[];
}

function packSection(
  text: string,
  blocks: readonly (readonly Piece[])[],
  maxTokens: number,
  overlapTokens: number,
): Span[] {
  const spans: Span[] = [];
  let open: Piece[] = [];
  let start = 0;
  let tokens = 0;

  const begin = (piece: Piece): void => {
    start = overlapStart(text, spans.at(-1), piece, maxTokens, overlapTokens);
    open = [piece];
    tokens = piece.tokens + estimateTokens(text.slice(start, piece.start));
  };
  /** What adding `pieces` would cost: they, and whatever of the text lies between them and outside of all blocks. */
  const costOf = (pieces: readonly Piece[]): number => {
    let cost = 0;
    let end = open.at(-1)?.end;
    for (const piece of pieces) {
      cost += piece.tokens + (end === undefined ? 0 : estimateTokens(text.slice(end, piece.start)));
      end = piece.end;
    }
    return cost;
  };
  const close = (): void => {
    const last = open.at(-1);
    if (last !== undefined) spans.push({ start, end: last.end, pieces: open });
    open = [];
    tokens = 0;
  };
  const add = (piece: Piece): void => {
    if (open.length === 0) {
      begin(piece);
      return;
    }
    const cost = costOf([piece]);
    if (tokens + cost > maxTokens) {
      close();
      begin(piece);
      return;
    }
    open.push(piece);
    tokens += cost;
  };

  for (const block of blocks) {
    const fits = tokens + costOf(block) <= maxTokens;
    const isOnlyHeadings = open.every((piece) => piece.block.kind === 'heading');
    if (!fits && !isOnlyHeadings && tokens >= maxTokens * FULL_ENOUGH) close();
    for (const piece of block) add(piece);
  }
  close();
  return spans;
}

/**
 * Where a chunk that begins with `next` starts when it repeats the end of the one before: as many of its last pieces
 * as fit, or the last words of its last piece. A heading is never repeated, and never repeated in front of one.
 */
function overlapStart(
  text: string,
  previous: Span | undefined,
  next: Piece,
  maxTokens: number,
  overlapTokens: number,
): number {
  const budget = Math.min(overlapTokens, maxTokens - next.tokens);
  const last = previous?.pieces.at(-1);
  if (previous === undefined || last === undefined || next.block.kind === 'heading') return next.start;
  let start = next.start;
  for (const piece of [...previous.pieces.slice(1)].reverse()) {
    const isHeading = piece.block.kind === 'heading';
    if (isHeading || estimateTokens(text.slice(piece.start, next.start)) > budget) break;
    start = piece.start;
  }
  if (start < next.start || last.block.kind === 'heading') return start;
  const gap = estimateTokens(text.slice(last.end, next.start));
  if (gap >= budget) return next.start;
  const words = text.slice(last.start, last.end);
  const offset = suffixWithinTokens(words, budget - gap);
  return offset === 0 || offset === words.length ? next.start : last.start + offset;
}

/** The longest heading path that all of the chunk's text stands under; headings count only where there is no text. */
function sectionOf(pieces: readonly Piece[]): string | null {
  const body = pieces.filter((piece) => piece.block.kind !== 'heading');
  const paths = (body.length > 0 ? body : pieces).map((piece) => piece.block.headingPath);
  const [first = [], ...others] = paths;
  const shared = others.reduce((depth, path) => {
    let same = 0;
    while (same < depth && path[same] === first[same]) same++;
    return same;
  }, first.length);
  return shared === 0 ? null : first.slice(0, shared).join(' > ');
}

function pageFinder(document: ExtractedDocument): (offset: number) => number | null {
  const pages = document.pages ?? [];
  let index = 0;
  return (offset) => {
    if (offset < (pages[index]?.start ?? 0)) index = 0;
    while (index + 1 < pages.length && offset >= (pages[index + 1]?.start ?? Infinity)) index++;
    return pages[index]?.page ?? null;
  };
}
