import type { BlockKind } from '../extracted-document.js';
import type { Line } from './lines.js';

/** A block of a page while headings, running lines and hyphens are still to be settled. */
export interface Draft {
  readonly kind: BlockKind;
  /** Of a heading that the document itself declares as one. */
  readonly level?: number;
  /** Rows of cells of lines: a paragraph is one row of one cell, a list item is a row, a line of code is a row. */
  readonly rows: readonly (readonly (readonly Line[])[])[];
}

export function paragraph(lines: readonly Line[]): Draft {
  if (lines.length > 0 && lines.every((line) => line.mono)) {
    return { kind: 'code', rows: lines.map((line) => [[line]]) };
  }
  return { kind: 'paragraph', rows: [[lines]] };
}

export function linesIn(draft: Draft): Line[] {
  return draft.rows.flat(2);
}

/** Keeps the lines that `keep` accepts, and the drafts that then still have any. */
export function filterLines(drafts: readonly Draft[], keep: (line: Line) => boolean): Draft[] {
  return drafts.flatMap((draft) => {
    const rows = draft.rows
      .map((cells) => cells.map((lines) => lines.filter((line) => keep(line))))
      .filter((cells) => cells.some((lines) => lines.length > 0));
    return rows.length === 0 ? [] : [{ ...draft, rows }];
  });
}
