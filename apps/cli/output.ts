import { styleText } from 'node:util';
import { failureBody, failureLine, type Failure } from './failure.js';
import type { CliIo } from './io.js';
import { table, type Column } from './table.js';
import { printable } from './terminal-text.js';

export type Style = Parameters<typeof styleText>[0];

/** Where results, notes and errors go: one JSON value or text on stdout, all else on stderr. */
export class Output {
  readonly json: boolean;
  /** Columns that text is laid out for; undefined when stdout is no terminal. */
  readonly width: number | undefined;
  readonly #io: CliIo;
  readonly #color: boolean;

  constructor(io: CliIo, options: { json: boolean; color: boolean }) {
    this.#io = io;
    this.json = options.json;
    this.width = io.isTTY.stdout ? io.columns : undefined;
    this.#color = options.color && io.isTTY.stdout && !io.env.NO_COLOR && io.env.TERM !== 'dumb';
  }

  /** The result of a command: `value` with --json, the lines that `text` makes otherwise. */
  result(value: unknown, text: () => readonly string[]): void {
    if (this.json) {
      this.#io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
      return;
    }
    const lines = text();
    if (lines.length > 0) this.#io.stdout.write(`${lines.join('\n')}\n`);
  }

  /** Rows as an aligned table with a bold heading; `empty` when there are none. */
  table<T>(rows: readonly T[], columns: readonly Column<T>[], empty: string): string[] {
    if (rows.length === 0) return [empty];
    const [heading = '', ...lines] = table(rows, columns, this.width);
    return [this.paint('bold', heading), ...lines];
  }

  /** Something to know that is not the result. */
  note(text: string): void {
    this.#io.stderr.write(`${printable(text)}\n`);
  }

  failure(failure: Failure): void {
    if (this.json) {
      this.#io.stderr.write(`${JSON.stringify({ error: failureBody(failure) })}\n`);
      return;
    }
    this.note(`spectra: ${failureLine(failure)}`);
    for (const { path, message } of failure.issues ?? []) this.note(`  ${path === '' ? '' : `${path}: `}${message}`);
  }

  paint(style: Style, text: string): string {
    return this.#color ? styleText(style, text, { validateStream: false }) : text;
  }
}
