import type { Cell } from '../tables/table-lines.js';
import { readXml } from '../xml/read-xml.js';
import { dateOf, numberOf } from './number-format.js';
import type { Workbook } from './workbook.js';

/** Calls `onRow` with the cells of each row of a worksheet that has any. */
export function readSheet(bytes: Uint8Array, workbook: Workbook, onRow: (cells: readonly Cell[]) => void): void {
  let cells: Cell[] = [];
  let column = -1;
  let type = 'n';
  let style = 0;
  let value = '';
  let isValue = false;
  readXml(bytes, {
    enter: ({ name, attribute }) => {
      if (name === 'row') {
        cells = [];
        column = -1;
      } else if (name === 'c') {
        column = columnOf(attribute('r')) ?? column + 1;
        type = attribute('t') ?? 'n';
        style = Number(attribute('s') ?? 0);
        value = '';
      } else if (name === 'v' || name === 't') isValue = true;
    },
    leave: (name) => {
      if (name === 'v' || name === 't') isValue = false;
      else if (name === 'c') {
        const shown = shownValue(value, type, style, workbook);
        if (shown !== '') cells.push({ column, text: shown });
      } else if (name === 'row' && cells.length > 0) onRow(cells);
    },
    text: (text) => {
      if (isValue) value += text;
    },
  });
}

function shownValue(value: string, type: string, style: number, workbook: Workbook): string {
  switch (type) {
    case 's':
      return workbook.sharedStrings[Number(value)] ?? '';
    case 'b':
      return value === '1' ? 'TRUE' : 'FALSE';
    case 'n':
      return (workbook.dateStyles[style] === true ? dateOf(Number(value), workbook.from1904) : null) ?? numberOf(value);
    // Errors (#N/A) say nothing about the world.
    case 'e':
      return '';
    default:
      return value;
  }
}

/** 0 for "A7", 27 for "AB7"; null without a reference. */
function columnOf(reference: string | undefined): number | null {
  const letters = /^[A-Z]{1,3}/u.exec(reference ?? '')?.[0];
  if (letters === undefined) return null;
  return Array.from(letters).reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}
