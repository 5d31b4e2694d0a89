import { fileTypeFromBuffer } from 'file-type';
import { UnsupportedMediaTypeError } from '#libs/contracts/index.js';
import { byteOrderMark } from './decode-text.js';

export const ACCEPTED_MEDIA_TYPES = ['text/plain', 'text/markdown', 'text/html', 'application/pdf'] as const;
export type AcceptedMediaType = (typeof ACCEPTED_MEDIA_TYPES)[number];

/** Other names under which clients declare an accepted type. */
const ALIASES: Readonly<Record<string, AcceptedMediaType>> = {
  'text/x-markdown': 'text/markdown',
  'text/md': 'text/markdown',
  'text/x-md': 'text/markdown',
  'application/markdown': 'text/markdown',
  'application/x-markdown': 'text/markdown',
  'application/xhtml+xml': 'text/html',
  'application/xhtml': 'text/html',
  'application/x-pdf': 'application/pdf',
  'text/pdf': 'application/pdf',
  'text/x-plain': 'text/plain',
  'application/text': 'text/plain',
};

/** What clients send when they do not know: the official ones declare an untyped Blob as octet-stream. */
const UNDECLARED: ReadonlySet<string> = new Set([
  '',
  'application/octet-stream',
  'binary/octet-stream',
  'application/*',
  '*/*',
]);

/** Formats that are text byte by byte and all the same nothing that a person could read. */
const ENCODED_AS_TEXT: ReadonlySet<string> = new Set(['application/rtf', 'application/postscript', 'application/eps']);

export interface MediaTypeEvidence {
  /** The `Content-Type` of the file part, or what the upload's metadata says. */
  readonly declared?: string | null;
  readonly fileName?: string | null;
  /** The first bytes of the content; 4,100 or more make the answer as good as it gets. */
  readonly head: Uint8Array;
}

/**
 * What an upload is, as one of `ACCEPTED_MEDIA_TYPES`. A declared type wins (parameters stripped, aliases folded) unless
 * it says nothing; then the content decides between PDF, HTML and text, and the file name's ending between kinds of
 * text. Content that is not text is refused however it is declared as text; a declared PDF is left to its extraction.
 *
 * Thrown: UnsupportedMediaTypeError (415) that names what the content is and the accepted types.
 */
export async function detectMediaType(evidence: MediaTypeEvidence): Promise<AcceptedMediaType> {
  const declared = (evidence.declared ?? '').split(';', 1).join('').trim().toLowerCase();
  if (UNDECLARED.has(declared)) return fromContent(evidence);
  const known = ALIASES[declared] ?? ACCEPTED_MEDIA_TYPES.find((type) => type === declared);
  if (known === undefined) throw unsupported(declared);
  if (known === 'application/pdf') return known;
  const binary = await binaryTypeOf(evidence.head);
  if (binary !== null) throw unsupported(`${binary} declared as ${declared}`);
  return known;
}

async function fromContent({ fileName, head }: MediaTypeEvidence): Promise<AcceptedMediaType> {
  const binary = await binaryTypeOf(head);
  if (binary === 'application/pdf') return binary;
  if (binary !== null) throw unsupported(binary);
  const ending = /\.([a-z\d]+)$/u.exec((fileName ?? '').toLowerCase())?.[1] ?? '';
  if (looksLikeHtml(head)) return 'text/html';
  if (!isUtf8(head)) throw unsupported('Text that is not UTF-8');
  if (['md', 'markdown', 'mdown', 'mkd', 'mdx'].includes(ending)) return 'text/markdown';
  if (['html', 'htm', 'xhtml'].includes(ending)) return 'text/html';
  return 'text/plain';
}

/** The type of content that is not text, as far as it can be named; null for text (and for no content at all). */
async function binaryTypeOf(head: Uint8Array): Promise<string | null> {
  const isText = byteOrderMark(head) !== null || !hasControlBytes(head);
  const start = new TextDecoder('latin1').decode(head.subarray(0, 1024));
  // Readers accept a PDF whose header stands anywhere in the first kilobyte; text that only mentions it is none.
  if (start.trimStart().startsWith('%PDF-') || (!isText && /%PDF-\d/u.test(start))) return 'application/pdf';
  const named = (await fileTypeFromBuffer(head).catch(() => undefined))?.mime;
  // Signatures of two or three letters ("BM", "ID3") also begin ordinary sentences: text is believed before them.
  if (isText) return named !== undefined && ENCODED_AS_TEXT.has(named) ? named : null;
  return named ?? 'application/octet-stream';
}

/** NUL and the other control characters that no text has; tab, line ends, form feed and escape are allowed. */
function hasControlBytes(head: Uint8Array): boolean {
  return head.some((byte) => byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b);
}

function looksLikeHtml(head: Uint8Array): boolean {
  const start = new TextDecoder('utf-8').decode(head.subarray(0, 4096));
  return /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b/iu.test(start);
}

/** `head` may end in the middle of a character. */
function isUtf8(head: Uint8Array): boolean {
  try {
    new TextDecoder(byteOrderMark(head) ?? 'utf-8', { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function unsupported(mediaType: string): UnsupportedMediaTypeError {
  return new UnsupportedMediaTypeError(mediaType, ACCEPTED_MEDIA_TYPES);
}
