import { detectCharset, unmarkedUtf16 } from './detect-charset.js';
import { UnreadableDocumentError } from './unreadable-document-error.js';

/**
 * Decodes text strictly: a replacement character in place of an unknown byte would silently change what is remembered.
 * A byte order mark decides and is dropped; then `declared` (by the sender, or by the document itself); then UTF-8 where
 * the bytes are valid UTF-8; then what the bytes look like. A declaration that the bytes contradict is passed over.
 * NUL, which no text has and no store likes, becomes a blank: every offset stays what it was.
 *
 * Thrown: UnreadableDocumentError `invalid_encoding` when none of these decodes the bytes.
 */
export function decodeText(bytes: Uint8Array, declared: string | null = null): string {
  const marked = byteOrderMark(bytes);
  if (marked !== null) return decodeMarked(bytes, marked);
  const named = declared === null ? null : knownEncoding(declared);
  // Its bytes are valid UTF-8 as well: letters with a NUL behind each.
  const wide = unmarkedUtf16(bytes);
  const text =
    (named === null ? null : decodeAs(bytes, named)) ??
    (wide === null ? null : decodeAs(bytes, wide)) ??
    decodeAs(bytes, 'utf-8') ??
    decodeDetected(bytes);
  if (text !== null) return text;
  throw new UnreadableDocumentError(
    'invalid_encoding',
    'The document is not valid UTF-8 text, and no other encoding could be recognised. ' +
      'Save it as UTF-8 and upload it again, or name its encoding with its type: `"mimeType": "text/plain; charset=..."`.',
  );
}

/** The encoding that a byte order mark announces, or null. */
export function byteOrderMark(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return null;
}

/** The standard name of an encoding that can be decoded, or null for a name that nobody knows. */
export function knownEncoding(name: string): string | null {
  try {
    return new TextDecoder(name.trim()).encoding;
  } catch {
    return null;
  }
}

function decodeMarked(bytes: Uint8Array, encoding: string): string {
  const text = decodeAs(bytes, encoding);
  if (text !== null) return text;
  throw new UnreadableDocumentError(
    'invalid_encoding',
    `The document begins like ${encoding.toUpperCase()} text and is not valid as such. ` +
      'Save it as UTF-8 and upload it again.',
  );
}

function decodeDetected(bytes: Uint8Array): string | null {
  const encoding = detectCharset(bytes);
  return encoding === null ? null : decodeAs(bytes, encoding);
}

function decodeAs(bytes: Uint8Array, encoding: string): string | null {
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes('\0') ? text.replaceAll('\0', ' ') : text;
  } catch {
    return null;
  }
}
