import { HeadingPath } from './heading-path.js';
import { documentTooLarge } from './unreadable-document-error.js';

export const BLOCK_KINDS = ['heading', 'paragraph', 'list', 'table', 'code', 'quote'] as const;
export type BlockKind = (typeof BLOCK_KINDS)[number];

/**
 * A stretch of a document's text that belongs together. Blocks are sorted, do not overlap, and neither begin nor end
 * with white space. Offsets are UTF-16 units into `ExtractedDocument.text`.
 */
export interface Block {
  readonly start: number;
  readonly end: number;
  readonly kind: BlockKind;
  /** Titles of the headings that the block stands under, outermost first; a heading's own title comes last. */
  readonly headingPath: readonly string[];
  /** 1 (outermost) to 6; only on headings. */
  readonly level?: number;
}

/** Where a page's text stands. `page` is 1-based; a page without text has `start === end`. */
export interface PageSpan {
  readonly page: number;
  readonly start: number;
  readonly end: number;
}

export interface ExtractedDocument {
  /** Everything the spans of blocks, pages and chunks refer to. For Markdown and plain text: the source itself. */
  readonly text: string;
  /** The title that the document gives itself, or null: the caller then falls back on the file name. */
  readonly title: string | null;
  /** When the document says that it was written or published: ISO 8601 in UTC; null when it does not say. */
  readonly date: string | null;
  readonly blocks: readonly Block[];
  /** Null for formats that have no pages. */
  readonly pages: readonly PageSpan[] | null;
}

/** Options of every extraction: long ones report progress and can be given up. */
export interface ExtractOptions {
  readonly signal?: AbortSignal;
  /** Called after each page with the pages done and their total; formats without pages call it once with (1, 1). */
  readonly onProgress?: (done: number, total: number) => void;
  /** The encoding of text that the sender declared (the `charset` of its Content-Type). */
  readonly charset?: string | null;
  /** Epoch milliseconds; a document does not come from a future beyond it. */
  readonly now?: () => number;
}

/** In UTF-16 units. A table whose rows repeat long column names can be many times its file; this bounds the memory. */
const MAX_TEXT_LENGTH = 64 * 1024 * 1024;

/** Builds the text of a format whose source is not the text itself, one block after the other. */
export class DocumentBuilder {
  readonly blocks: Block[] = [];
  readonly #parts: string[] = [];
  readonly #headings = new HeadingPath();
  #length = 0;

  /** Length of the text so far; the next block begins two units later unless it is the first. */
  get length(): number {
    return this.#length;
  }

  /** Appends a block and returns where it begins; a text of only white space is left out and gives null. */
  append(kind: BlockKind, rawText: string, level?: number): number | null {
    const text = visible(rawText);
    if (text === '') return null;
    if (this.#length > 0) this.#push('\n\n');
    const start = this.#length;
    this.#push(text);
    const span = { start, end: this.#length };
    if (kind === 'heading') {
      const bounded = Math.min(6, Math.max(1, level ?? 1));
      this.blocks.push({ ...span, kind, headingPath: this.#headings.enter(bounded, text), level: bounded });
    } else {
      this.blocks.push({ ...span, kind, headingPath: this.#headings.current });
    }
    return start;
  }

  get text(): string {
    return this.#parts.join('');
  }

  #push(part: string): void {
    assertTextFits(this.#length + part.length);
    this.#parts.push(part);
    this.#length += part.length;
  }
}

/** Thrown: UnreadableDocumentError `document_too_large` when a text of that length (UTF-16 units) is too long to hold. */
export function assertTextFits(length: number): void {
  if (length > MAX_TEXT_LENGTH) throw documentTooLarge(`${MAX_TEXT_LENGTH / 1024 / 1024} Mi characters of text`);
}

/** Without white space around, and with nothing that stores refuse: NUL, halves of characters (JSON can hold both). */
function visible(rawText: string): string {
  return rawText.replaceAll('\0', ' ').trim().toWellFormed();
}
