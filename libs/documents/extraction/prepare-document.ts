import { chunkDocument } from '../chunk.js';
import { extractDocument } from '../extract.js';
import type { ExtractOptions } from '../extracted-document.js';
import { encodePrepared, type PreparedDocument } from './prepared-document.js';

/**
 * Bytes -> text -> passages, in the thread that calls it.
 *
 * Thrown: what extractDocument throws.
 */
export async function prepareDocument(
  bytes: Uint8Array,
  mediaType: string,
  options: ExtractOptions = {},
): Promise<PreparedDocument> {
  const document = await extractDocument(bytes, mediaType, options);
  const chunks = chunkDocument(document);
  return encodePrepared(
    { title: document.title, pageCount: document.pages?.length ?? null, chunkCount: chunks.length },
    chunks,
  );
}
