import { displayWidth, oneLine, truncate } from './terminal-text.js';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string | number | null | undefined;
  readonly align?: 'right';
  /** Gives way when the table is wider than the terminal, at its end or at its start. */
  readonly flexible?: 'end' | 'start';
}

const GAP = '  ';
const MIN_FLEXIBLE = 12;

function fill(text: string, width: number, align: 'right' | undefined): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? space + text : text + space;
}

/**
 * Lines of an aligned table, the heading first; missing values are `-`.
 *
 * @param maxWidth columns of the terminal; undefined leaves every value whole, for pipes
 */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], maxWidth: number | undefined): string[] {
  const cells = rows.map((row) =>
    columns.map(({ value }) => {
      const content = value(row);
      return content === null || content === undefined || content === '' ? '-' : oneLine(String(content));
    }),
  );
  const all = [columns.map(({ title }) => title), ...cells];
  const widths = columns.map((_column, index) => Math.max(...all.map((line) => displayWidth(line[index] ?? ''))));
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (columns.length - 1);
  const flexible = columns.findIndex((column) => column.flexible !== undefined);
  const excess = maxWidth === undefined ? 0 : total - maxWidth;
  if (excess > 0 && flexible >= 0) widths[flexible] = Math.max(MIN_FLEXIBLE, (widths[flexible] ?? 0) - excess);

  return all.map((line) =>
    line
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return fill(
          index === flexible ? truncate(cell, width, columns[index]?.flexible) : cell,
          width,
          columns[index]?.align,
        );
      })
      .join(GAP)
      .trimEnd(),
  );
}
