import type { DocumentBuilder } from '../extracted-document.js';

/** A cell that holds something. Rows are given as these, because a file may claim columns without end. */
export interface Cell {
  /** 0-based. */
  readonly column: number;
  readonly text: string;
}

/** Names of columns are repeated in every row; this much of one says what it is. */
const MAX_NAME_LENGTH = 60;
/** A block of a table; bounds what is held before it goes into the text. */
const LINES_PER_BLOCK = 500;
const BLOCK_LENGTH = 1024 * 1024;
/** What a value looks like, and the name of a column does not: numbers, amounts, dates, times. */
const VALUE = /^[-+(]?[\p{Sc}]?\s?\d[\d\s.,:/%()-]*[\p{Sc}%]?(?:T[\d:.]+Z?)?$/u;

/**
 * Turns rows into lines that can be read alone, `Name: Ada | Born: 1815`, because a passage rarely holds the first row
 * of its table. The first row with several cells gives the names if it reads like names; it stands in the text as well.
 */
export class TableLines {
  readonly #builder: DocumentBuilder;
  readonly #heading: string | null;
  #lines: string[] = [];
  #length = 0;
  #names: ReadonlyMap<number, string> | null = null;
  #candidate: readonly Cell[] | null = null;
  #isDecided = false;
  #hasText = false;

  /** `heading`, if any, stands over the table unless it stays empty. */
  constructor(builder: DocumentBuilder, heading: string | null = null) {
    this.#builder = builder;
    this.#heading = heading;
  }

  /** Thrown: UnreadableDocumentError `document_too_large`. */
  add(row: readonly Cell[]): void {
    const cells = row
      .map(({ column, text }) => ({ column, text: text.replace(/\s+/gu, ' ').trim() }))
      .filter(({ text }) => text !== '');
    if (cells.length === 0) return;
    if (this.#isDecided) {
      this.#push(cells);
    } else if (this.#candidate !== null) {
      this.#decide(this.#candidate, cells);
      this.#push(cells);
    } else if (cells.length > 1) {
      this.#candidate = cells;
    } else {
      this.#push(cells);
    }
  }

  /** Ends the table. @returns whether it had any text. */
  end(): boolean {
    if (this.#candidate !== null && !this.#isDecided) this.#push(this.#candidate);
    this.#flush();
    return this.#hasText;
  }

  #decide(candidate: readonly Cell[], next: readonly Cell[]): void {
    this.#push(candidate);
    this.#isDecided = true;
    const isHeader =
      candidate.length * 2 >= next.length &&
      new Set(candidate.map(({ text }) => text)).size === candidate.length &&
      candidate.every(({ text }) => text.length <= 200 && !VALUE.test(text));
    if (isHeader) this.#names = new Map(candidate.map(({ column, text }) => [column, shorten(text)]));
  }

  #push(cells: readonly Cell[]): void {
    const line = cells
      .map(({ column, text }) => {
        const name = this.#names?.get(column);
        return name === undefined ? text : `${name}: ${text}`;
      })
      .join(' | ');
    this.#lines.push(line);
    this.#length += line.length + 1;
    if (this.#lines.length >= LINES_PER_BLOCK || this.#length >= BLOCK_LENGTH) this.#flush();
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    if (!this.#hasText && this.#heading !== null) this.#builder.append('heading', this.#heading, 1);
    this.#hasText = true;
    this.#builder.append('table', this.#lines.join('\n'));
    this.#lines = [];
    this.#length = 0;
  }
}

function shorten(name: string): string {
  return name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, MAX_NAME_LENGTH).toWellFormed().trimEnd()}…`;
}
