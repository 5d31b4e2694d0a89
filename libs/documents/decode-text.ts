import { UnreadableDocumentError } from './unreadable-document-error.js';

/**
 * Decodes text strictly: a replacement character in place of an unknown byte would silently change what is remembered.
 * A byte order mark decides (UTF-8, UTF-16) and is dropped; without one the text is `charset`, by default UTF-8.
 *
 * Thrown: UnreadableDocumentError `invalid_encoding` when a byte sequence is not valid in that encoding.
 */
export function decodeText(bytes: Uint8Array, charset = 'utf-8'): string {
  const encoding = byteOrderMark(bytes) ?? charset;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UnreadableDocumentError(
      'invalid_encoding',
      `The document is not valid ${encoding.toUpperCase()} text. Save it as UTF-8 and upload it again.`,
      cause,
    );
  }
}

/** The encoding that a byte order mark announces, or null. */
export function byteOrderMark(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return null;
}
