import { decodeText } from './decode-text.js';
import type { Block, ExtractedDocument } from './extracted-document.js';
import { emptyDocument } from './unreadable-document-error.js';

const BLANK_LINES = /\r?\n(?:[^\S\n]*\r?\n)+/gu;

/** Plain text: the text is the source, a blank line ends a paragraph; it has no headings and no title. */
export function extractPlainText(bytes: Uint8Array, charset: string | null = null): ExtractedDocument {
  return paragraphsOf(decodeText(bytes, charset));
}

/** The same for text that is decoded already. */
export function paragraphsOf(text: string): ExtractedDocument {
  const blocks: Block[] = [];
  const add = (from: number, to: number): void => {
    const paragraph = text.slice(from, to);
    if (paragraph.trim() === '') return;
    const start = from + paragraph.length - paragraph.trimStart().length;
    blocks.push({ start, end: from + paragraph.trimEnd().length, kind: 'paragraph', headingPath: [] });
  };
  let start = 0;
  for (const gap of text.matchAll(BLANK_LINES)) {
    add(start, gap.index);
    start = gap.index + gap[0].length;
  }
  add(start, text.length);
  if (blocks.length === 0) throw emptyDocument();
  return { text, title: null, date: null, blocks, pages: null };
}
