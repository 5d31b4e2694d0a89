import { ACCEPTED_MEDIA_TYPES, acceptedMediaType, UnsupportedMediaTypeError } from '#libs/contracts/index.js';
import { extractArchive, isArchiveType } from './archive/extract-archive.js';
import { plausibleDate } from './document-date.js';
import type { ExtractedDocument, ExtractOptions } from './extracted-document.js';
import { extractHtml } from './html.js';
import { extractJson } from './json/json.js';
import { extractEml } from './mail/eml.js';
import { extractMarkdown } from './markdown.js';
import { extractPdf } from './pdf/extract-pdf.js';
import { extractPlainText } from './plain-text.js';
import { extractCsv } from './tables/csv.js';
import { emptyDocument } from './unreadable-document-error.js';

/** As long as that of an upload may be. It is written into the search text of every passage. */
const MAX_TITLE_LENGTH = 1_000;

/**
 * Reads a document: its text, title, date, blocks and pages. `bytes` is left untouched.
 *
 * Thrown: UnreadableDocumentError (422) when the bytes cannot be read and never will; UnsupportedMediaTypeError (415)
 * for a type that detectMediaType does not give; the signal's reason when it is aborted.
 */
export async function extractDocument(
  bytes: Uint8Array,
  mediaType: string,
  options: ExtractOptions = {},
): Promise<ExtractedDocument> {
  options.signal?.throwIfAborted();
  if (bytes.length === 0) throw emptyDocument();
  const document = await readDocument(bytes, mediaType, options);
  if (document.pages === null) options.onProgress?.(1, 1);
  const title = document.title?.slice(0, MAX_TITLE_LENGTH).toWellFormed() ?? null;
  return { ...document, title, date: plausibleDate(document.date, (options.now ?? Date.now)()) };
}

function readDocument(
  bytes: Uint8Array,
  mediaType: string,
  options: ExtractOptions,
): ExtractedDocument | Promise<ExtractedDocument> {
  const known = acceptedMediaType(mediaType);
  if (known === null) throw new UnsupportedMediaTypeError(mediaType, ACCEPTED_MEDIA_TYPES);
  if (isArchiveType(known)) return extractArchive(bytes, known, options);
  switch (known) {
    case 'application/pdf':
      return extractPdf(bytes, options);
    case 'text/markdown':
      return extractMarkdown(bytes, options);
    case 'text/html':
      return extractHtml(bytes, options.charset);
    case 'text/csv':
      return extractCsv(bytes, ',', options);
    case 'text/tab-separated-values':
      return extractCsv(bytes, '\t', options);
    case 'application/json':
      return extractJson(bytes, false, options);
    case 'application/x-ndjson':
      return extractJson(bytes, true, options);
    case 'message/rfc822':
      return extractEml(bytes);
    default:
      return extractPlainText(bytes, options.charset);
  }
}
