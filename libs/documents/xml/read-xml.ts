import { SaxesParser } from 'saxes';
import { byteOrderMark, decodeText } from '../decode-text.js';
import { tooDeeplyNested, UnreadableDocumentError } from '../unreadable-document-error.js';

/** Office programs stay below 50; a reader that keeps its own stack of elements could go on for ever. */
const MAX_DEPTH = 256;

/** An element as its reader sees it: names without their prefix, since programs differ in prefixes. */
export interface XmlElement {
  readonly name: string;
  /** By full name with its prefix, as written. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The value of the attribute of that name, whatever its prefix. */
  readonly attribute: (name: string) => string | undefined;
}

export interface XmlHandler {
  readonly enter?: (element: XmlElement) => void;
  readonly leave?: (name: string) => void;
  readonly text?: (text: string) => void;
}

/**
 * Reads an XML part from front to back. Nothing outside of it is ever fetched and no entity but the five of XML is known,
 * so nothing can expand.
 *
 * Thrown: UnreadableDocumentError `unreadable_document` (not well-formed, or a document type where none belongs),
 * `too_deeply_nested`, `invalid_encoding`.
 */
export function readXml(bytes: Uint8Array, handler: XmlHandler): void {
  const parser = new SaxesParser({ position: false, xmlns: false });
  let depth = 0;
  parser.on('error', (cause) => {
    throw malformed(cause);
  });
  parser.on('doctype', (doctype) => {
    // A document type with declarations of its own could define entities; one that only names itself is harmless.
    if (doctype.includes('[')) throw malformed(new Error('the document type has an internal subset'));
  });
  parser.on('opentag', ({ name, attributes }) => {
    depth++;
    if (depth > MAX_DEPTH) throw tooDeeplyNested(MAX_DEPTH);
    handler.enter?.({ name: local(name), attributes, attribute: (wanted) => attributeOf(attributes, wanted) });
  });
  parser.on('closetag', ({ name }) => {
    depth--;
    handler.leave?.(local(name));
  });
  if (handler.text) {
    parser.on('text', handler.text);
    parser.on('cdata', handler.text);
  }
  parser.write(decodeText(bytes, declaredEncoding(bytes))).close();
}

function attributeOf(attributes: Readonly<Record<string, string>>, wanted: string): string | undefined {
  for (const name in attributes) if (local(name) === wanted) return attributes[name];
  return undefined;
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function declaredEncoding(bytes: Uint8Array): string | null {
  if (byteOrderMark(bytes) !== null) return null;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  return /^\s*<\?xml[^>]*\bencoding\s*=\s*["']([\w-]+)/iu.exec(head)?.[1] ?? null;
}

function malformed(cause: unknown): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'unreadable_document',
    'A part of the document is damaged: its markup cannot be read. Open it in the program that made it and save it anew.',
    cause,
  );
}
