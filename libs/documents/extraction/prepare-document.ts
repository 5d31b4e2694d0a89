import { chunkDocument } from '../chunk.js';
import { extractDocument } from '../extract.js';
import type { ExtractOptions } from '../extracted-document.js';
import { emptyDocument } from '../unreadable-document-error.js';
import { encodePrepared, type PreparedDocument } from './prepared-document.js';

export interface PrepareOptions extends ExtractOptions {
  /** Called when the text is there and the cutting begins. */
  readonly onChunking?: () => void;
}

/**
 * Bytes -> text -> passages, in the thread that calls it.
 *
 * Thrown: what extractDocument throws.
 */
export async function prepareDocument(
  bytes: Uint8Array,
  mediaType: string,
  options: PrepareOptions = {},
): Promise<PreparedDocument> {
  const document = await extractDocument(bytes, mediaType, options);
  options.onChunking?.();
  const chunks = chunkDocument(document);
  if (chunks.length === 0) throw emptyDocument();
  return encodePrepared(
    {
      title: document.title,
      date: document.date,
      pageCount: document.pages?.length ?? null,
      chunkCount: chunks.length,
    },
    chunks,
  );
}
