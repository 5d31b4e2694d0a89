import type { BlockKind, DocumentBuilder } from './extracted-document.js';

/** Elements that begin and end a line of their own; everything else runs along in its paragraph. */
const BLOCK_ELEMENTS = new Set(
  (
    'address article aside blockquote body button center dd details dialog dir div dl dt fieldset figcaption figure ' +
    'footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu ol option p pre section summary table ' +
    'caption tbody td tfoot th thead tr ul'
  ).split(' '),
);

/** Deeper lists are not indented further: the indentation would outgrow the text. */
const MAX_INDENT = 8;

interface OpenList {
  readonly ordered: boolean;
  items: number;
}

const LISTS = new Set(['ul', 'ol', 'menu', 'dir']);
const HEADING = /^h[1-6]$/u;

/**
 * Turns the elements and texts of a page, in document order, into blocks. The outermost list, table or preformatted
 * text decides the kind of a block; what stands inside of it becomes lines of that block. A table given as `div` (a
 * table that only lays out the page) is none.
 */
export class HtmlBlocks {
  readonly #builder: DocumentBuilder;
  /** Finished lines of the list, table or preformatted text that is open. */
  #lines: string[] = [];
  #cells: string[] = [];
  #inline = '';
  #marker = '';
  #heading = 0;
  #quotes = 0;
  #tables = 0;
  #preformatted = 0;
  readonly #lists: OpenList[] = [];

  constructor(builder: DocumentBuilder) {
    this.#builder = builder;
  }

  text(value: string): void {
    this.#inline += this.#preformatted > 0 ? value : value.replace(/\s+/gu, ' ');
  }

  enter(tag: string, attributes: readonly { name: string; value: string }[]): void {
    if (tag === 'br') this.#inline += '\n';
    if (!BLOCK_ELEMENTS.has(tag)) return;
    this.#endLine();
    if (tag === 'table') this.#tables++;
    else if (LISTS.has(tag)) this.#lists.push({ ordered: tag === 'ol', items: firstNumber(attributes) - 1 });
    else if (tag === 'li') this.#enterItem();
    else if (tag === 'pre') this.#preformatted++;
    else if (tag === 'blockquote') this.#quotes++;
    else if (HEADING.test(tag) && !this.#isInside()) this.#heading = Number(tag[1]);
  }

  leave(tag: string): void {
    if (!BLOCK_ELEMENTS.has(tag)) return;
    if ((tag === 'td' || tag === 'th') && this.#tables > 0) {
      this.#endCell();
      return;
    }
    this.#endLine();
    if (tag === 'tr' || tag === 'caption') {
      this.#endRow();
    } else if (tag === 'table') {
      this.#endRow();
      this.#tables--;
      this.#endBlock('table');
    } else if (LISTS.has(tag)) {
      this.#lists.pop();
      this.#endBlock('list');
    } else if (tag === 'pre') {
      this.#preformatted--;
      this.#endBlock('code');
    } else if (tag === 'blockquote') {
      this.#quotes--;
    } else if (HEADING.test(tag)) {
      this.#heading = 0;
    }
  }

  /** Ends what is still open; every `enter` had its `leave`, so only running text can be. */
  finish(): void {
    this.#endLine();
  }

  #isInside(): boolean {
    return this.#tables > 0 || this.#lists.length > 0 || this.#preformatted > 0;
  }

  #enterItem(): void {
    const list = this.#lists.at(-1);
    if (list === undefined) return;
    list.items++;
    const indent = '  '.repeat(Math.min(this.#lists.length - 1, MAX_INDENT));
    this.#marker = `${indent}${list.ordered ? `${list.items}.` : '-'} `;
  }

  /** Ends the running line: it is a paragraph or heading of its own, or a line of what is open around it. */
  #endLine(): void {
    if (this.#tables > 0) {
      // Inside a cell, paragraphs and list items run on.
      this.#inline += ' ';
      return;
    }
    const raw = this.#inline;
    this.#inline = '';
    if (this.#preformatted > 0) {
      if (raw.trim() !== '') this.#lines.push(raw.trimEnd());
      return;
    }
    const line = raw
      .replace(/[^\S\n]+/gu, ' ')
      .replace(/ ?\n ?/gu, '\n')
      .trim();
    if (line === '') return;
    if (this.#lists.length > 0) {
      const indent = ' '.repeat(this.#marker.length);
      this.#lines.push(`${this.#marker}${line.replaceAll('\n', `\n${indent}`)}`);
      // Further paragraphs of the same item stand under its first one.
      this.#marker = indent;
    } else if (this.#heading > 0) {
      this.#builder.append('heading', line.replaceAll('\n', ' '), this.#heading);
    } else {
      this.#builder.append(this.#quotes > 0 ? 'quote' : 'paragraph', line);
    }
  }

  #endCell(): void {
    this.#cells.push(this.#inline.replace(/\s+/gu, ' ').trim());
    this.#inline = '';
  }

  #endRow(): void {
    if (this.#tables === 0) return;
    if (this.#inline.trim() !== '') this.#endCell();
    const cells = this.#cells;
    this.#cells = [];
    if (cells.some((cell) => cell !== '')) this.#lines.push(cells.join(' | ').trim());
  }

  #endBlock(kind: BlockKind): void {
    if (this.#isInside()) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#builder.append(kind, lines.join('\n'));
  }
}

function firstNumber(attributes: readonly { name: string; value: string }[]): number {
  const start = Number(attributes.find(({ name }) => name === 'start')?.value ?? 1);
  return Number.isSafeInteger(start) ? start : 1;
}
