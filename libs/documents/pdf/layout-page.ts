import { paragraph, type Draft } from './draft.js';
import type { FontTraits } from './fonts.js';
import { linesOf, type Line } from './lines.js';
import type { Run } from './runs.js';

/** A gap between baselines larger than this multiple of the usual one starts a new paragraph. */
const PARAGRAPH_GAP = 1.25;
/** Sizes that differ by more than this part are different kinds of text. */
const SIZE_STEP = 0.1;
const BULLET = /^(?:[•●○◦▪■▫□‣⁃∙·➢➤✓✔❖–—*-]|o)\s+\S/u;
const NUMBERED = /^\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s+\S/u;

/**
 * The blocks of a page that carries no tags, from where its lines stand: larger gaps, other sizes or weights, bullets
 * and indented first lines begin a new block. Drawing order is reading order for nearly every generator (and the only
 * thing that keeps columns apart); where it jumps about, the lines are sorted from top to bottom instead.
 */
export function draftsFromLayout(runs: readonly Run[], pageNumber: number, fonts: FontTraits): Draft[] {
  const lines = inReadingOrder(linesOf(runs, pageNumber, fonts));
  const pitch = usualPitch(lines);
  const drafts: Draft[] = [];
  let open: Line[] = [];
  let items: Line[][] = [];
  const end = (): void => {
    if (items.length > 0) drafts.push({ kind: 'list', rows: items.map((item) => [item]) });
    else if (open.length > 0) drafts.push(paragraph(open));
    open = [];
    items = [];
  };
  for (const line of lines) {
    const previous = (items.at(-1) ?? open).at(-1);
    if (isListItem(line)) {
      if (items.length === 0 || (previous !== undefined && !sameStyle(previous, line))) end();
      items.push([line]);
      continue;
    }
    if (previous !== undefined && !follows(previous, line, pitch)) end();
    const item = items.at(-1);
    if (item === undefined) {
      if (startsIndented(open, line)) end();
      open.push(line);
    } else if (item[0] !== undefined && line.x > item[0].x + 1) {
      item.push(line);
    } else {
      end();
      open.push(line);
    }
  }
  end();
  return drafts;
}

function isListItem(line: Line): boolean {
  // A number in bold is a heading's more often than an item's.
  return !line.mono && (BULLET.test(line.text) || (!line.bold && NUMBERED.test(line.text)));
}

function sameStyle(a: Line, b: Line): boolean {
  return a.bold === b.bold && a.mono === b.mono && Math.abs(a.size - b.size) <= Math.max(a.size, b.size) * SIZE_STEP;
}

function follows(previous: Line, line: Line, pitch: number): boolean {
  const down = previous.y - line.y;
  const size = Math.max(previous.size, line.size);
  return sameStyle(previous, line) && down > -size * 0.5 && down <= Math.max(size * pitch * PARAGRAPH_GAP, size * 1.1);
}

/** Books part paragraphs by an indented first line alone: one em in, after a line that ended a sentence. */
function startsIndented(open: readonly Line[], line: Line): boolean {
  const previous = open.at(-1);
  if (previous === undefined || !/[.!?:”"]$/u.test(previous.text)) return false;
  const margin = Math.min(...open.map((other) => other.x));
  return open.length > 1 && line.x > margin + line.size * 0.8 && line.x < margin + line.size * 5;
}

/** The usual distance of two baselines, in font sizes; 1.2 (single spacing) where a page has too few lines to tell. */
function usualPitch(lines: readonly Line[]): number {
  const pitches: number[] = [];
  lines.forEach((line, index) => {
    const previous = lines[index - 1];
    if (previous === undefined || !sameStyle(previous, line)) return;
    const pitch = (previous.y - line.y) / line.size;
    if (pitch > 0.8 && pitch < 3) pitches.push(pitch);
  });
  if (pitches.length < 3) return 1.2;
  // The lower third: within paragraphs lines are closest, and some pages have more paragraph gaps than lines.
  return pitches.sort((a, b) => a - b)[Math.floor(pitches.length / 3)] ?? 1.2;
}

function inReadingOrder(lines: Line[]): Line[] {
  let jumps = 0;
  lines.forEach((line, index) => {
    const previous = lines[index - 1];
    if (previous === undefined) return;
    const overlaps = Math.min(previous.right, line.right) - Math.max(previous.x, line.x) > 0;
    if (overlaps && line.y > previous.y + line.size) jumps++;
  });
  if (jumps <= Math.max(2, lines.length * 0.1)) return lines;
  return lines.toSorted((a, b) => (Math.abs(a.y - b.y) < Math.min(a.size, b.size) * 0.5 ? a.x - b.x : b.y - a.y));
}
