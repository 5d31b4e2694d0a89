import { UnsupportedMediaTypeError } from '#libs/contracts/index.js';
import type { ExtractedDocument, ExtractOptions } from './extracted-document.js';
import { extractHtml } from './html.js';
import { extractMarkdown } from './markdown.js';
import { ACCEPTED_MEDIA_TYPES } from './media-type.js';
import { extractPdf } from './pdf/extract-pdf.js';
import { extractPlainText } from './plain-text.js';
import { emptyDocument } from './unreadable-document-error.js';

/**
 * Reads a document: its text, title, blocks and pages. `bytes` is left untouched.
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
  if (mediaType === 'application/pdf') return extractPdf(bytes, options);
  const document = await extractText(bytes, mediaType, options);
  options.onProgress?.(1, 1);
  return document;
}

function extractText(
  bytes: Uint8Array,
  mediaType: string,
  options: ExtractOptions,
): ExtractedDocument | Promise<ExtractedDocument> {
  switch (mediaType) {
    case 'text/plain':
      return extractPlainText(bytes);
    case 'text/markdown':
      return extractMarkdown(bytes, options);
    case 'text/html':
      return extractHtml(bytes);
    default:
      throw new UnsupportedMediaTypeError(mediaType, ACCEPTED_MEDIA_TYPES);
  }
}
