import { byteOrderMark, decodeText, knownEncoding } from './decode-text.js';
import { DocumentBuilder, type ExtractedDocument } from './extracted-document.js';
import { appendHtml } from './html-text.js';
import { emptyDocument } from './unreadable-document-error.js';

/**
 * HTML: visible text in document order with its structure, see appendHtml. The title is `<title>`, else the first
 * `<h1>`; the date is what a `<meta>` says about publication.
 *
 * Thrown: UnreadableDocumentError `invalid_encoding`, `empty_document`, `too_deeply_nested`, `document_too_large`.
 */
export function extractHtml(bytes: Uint8Array, charset: string | null = null): ExtractedDocument {
  return extractHtmlText(decodeText(bytes, charset ?? declaredCharset(bytes)));
}

/** The same for a page that is decoded already. */
export function extractHtmlText(source: string): ExtractedDocument {
  const builder = new DocumentBuilder();
  const { title, date } = appendHtml(builder, source);
  if (builder.blocks.length === 0) throw emptyDocument();
  const text = builder.text;
  const h1 = builder.blocks.find((block) => block.level === 1);
  return {
    text,
    title: title ?? (h1 === undefined ? null : text.slice(h1.start, h1.end)),
    date,
    blocks: builder.blocks,
    pages: null,
  };
}

/** The charset that the page declares in its first kilobyte, as the HTML standard has it, or null. */
function declaredCharset(bytes: Uint8Array): string | null {
  if (byteOrderMark(bytes) !== null) return null;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 1024));
  const declared =
    /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/iu.exec(head)?.[1] ??
    /^\s*<\?xml[^>]+encoding\s*=\s*["']([\w-]+)/iu.exec(head)?.[1];
  const encoding = declared === undefined ? null : knownEncoding(declared);
  // A page that could be read up to its meta tag byte by byte is not UTF-16, whatever it says.
  return encoding?.startsWith('utf-16') === true ? 'utf-8' : encoding;
}
