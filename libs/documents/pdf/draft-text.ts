import { linesIn, type Draft } from './draft.js';
import { joinLines } from './join-lines.js';
import type { Line } from './lines.js';

/** A line of code that begins further in than this stands in a column of its own. */
const MAX_INDENT = 40;

export interface DraftText {
  readonly text: string;
  /** Where each page on which the draft stands begins in `text`; inside a paragraph to within a hyphen. */
  readonly pageStarts: ReadonlyMap<number, number>;
}

/** The final text of a block: rows as lines, cells parted by " | ", the lines of a cell joined to running text. */
export function textOf(draft: Draft, words: ReadonlySet<string>): DraftText {
  const rowEnd = draft.kind === 'heading' ? ' ' : '\n';
  const pageStarts = new Map<number, number>();
  const margin = Math.min(...linesIn(draft).map((line) => line.x));
  let text = '';
  for (const cells of draft.rows) {
    if (text !== '') text += rowEnd;
    const rowStart = text.length;
    if (draft.kind === 'code') text += indentation(cells[0]?.[0], margin);
    cells.forEach((lines, index) => {
      if (index > 0) text += ' | ';
      markPages(lines, { row: rowStart, cell: text.length }, words, pageStarts);
      text += joinCell(lines, words);
    });
  }
  return { text, pageStarts };
}

/** The indentation of code is drawn by position; its letters all have one width. */
function indentation(line: Line | undefined, margin: number): string {
  if (line === undefined || line.text === '') return '';
  const letterWidth = (line.right - line.x) / line.text.length;
  const columns = letterWidth > 0 ? Math.round((line.x - margin) / letterWidth) : 0;
  return ' '.repeat(Math.min(columns, MAX_INDENT));
}

function markPages(
  lines: readonly Line[],
  offset: { row: number; cell: number },
  words: ReadonlySet<string>,
  starts: Map<number, number>,
): void {
  lines.forEach((line, index) => {
    if (starts.has(line.page)) return;
    const before = lines.slice(0, index);
    starts.set(line.page, index === 0 ? offset.row : offset.cell + joinCell(before, words).length + 1);
  });
}

function joinCell(lines: readonly Line[], words: ReadonlySet<string>): string {
  return joinLines(
    lines.map((line) => line.text),
    words,
  );
}
