import { fileTypeFromBuffer } from 'file-type';
import {
  ACCEPTED_MEDIA_TYPES,
  acceptedMediaType,
  mediaTypeByEnding,
  UnsupportedMediaTypeError,
  type AcceptedMediaType,
} from '#libs/contracts/index.js';
import { isArchiveType, isCompoundFile } from './archive/extract-archive.js';
import { byteOrderMark } from './decode-text.js';
import { unmarkedUtf16 } from './detect-charset.js';
import { isTextKind, textKind } from './text-kind.js';

/** What clients send when they do not know: the official ones declare an untyped Blob as octet-stream. */
const UNDECLARED: ReadonlySet<string> = new Set([
  '',
  'application/octet-stream',
  'binary/octet-stream',
  'application/*',
  '*/*',
  // What Windows says of every .csv.
  'application/vnd.ms-excel',
  // What an Office document or a book is as well.
  'application/zip',
  'application/x-zip-compressed',
]);

/** Formats that are text byte by byte and all the same nothing that a person could read. */
const ENCODED_AS_TEXT: ReadonlySet<string> = new Set(['application/rtf', 'application/postscript', 'application/eps']);

export interface MediaTypeEvidence {
  /** What the upload's metadata says, else the `Content-Type` of the file part (of which no parameters are left). */
  readonly declared?: string | null;
  readonly fileName?: string | null;
  /** The first bytes of the content; 4,100 or more make the answer as good as it gets. */
  readonly head: Uint8Array;
}

/**
 * What an upload is, as one of ACCEPTED_MEDIA_TYPES. What the content plainly is wins over every name: a PDF is a PDF
 * whatever it is called. The declared type (parameters dropped, aliases folded), then the file name's ending, decide
 * what the content leaves open: between kinds of text, and between archives whose first bytes do not show what stands
 * in them (their extraction looks again). Text that is declared as a format that is no text is left to the extraction of
 * that format, which fails with a sentence: a sign-in page saved as a PDF is not what its owner wanted remembered.
 *
 * Thrown: UnsupportedMediaTypeError (415) that names what the content is and the accepted types.
 */
export async function detectMediaType(evidence: MediaTypeEvidence): Promise<AcceptedMediaType> {
  const { head } = evidence;
  const bare = (evidence.declared ?? '').split(';', 1).join('').trim().toLowerCase();
  const declared = acceptedMediaType(bare);
  const isDeclared = !UNDECLARED.has(bare);
  const ending = mediaTypeByEnding(evidence.fileName ?? '');
  const content = await contentType(head);
  const accepted = content === null ? null : acceptedMediaType(content);
  if (accepted !== null && !isTextKind(accepted)) return accepted;
  if (isDeclared && declared === null) throw unsupported(bare);
  if (content === null) {
    const isMistaken = declared !== null && !isTextKind(declared);
    return isMistaken || (head.length === 0 && declared !== null) ? declared : textKind(textOf(head), declared, ending);
  }
  const claimed = declared ?? ending;
  if (claimed !== null && couldBe(claimed, content, head)) return claimed;
  throw unsupported(isDeclared ? `${content} declared as ${bare}` : content);
}

/** Whether content of which only `content` can be told may be the type it claims to be; its extraction will tell. */
function couldBe(claimed: AcceptedMediaType, content: string, head: Uint8Array): boolean {
  // A compound file is what Office encrypts documents into: their extraction says what to do.
  if (isArchiveType(claimed)) return content === 'application/zip' || (isCompoundFile(head) && isOffice(claimed));
  return claimed === 'application/pdf' && content === 'application/octet-stream';
}

function isOffice(mediaType: AcceptedMediaType): boolean {
  return mediaType.startsWith('application/vnd.openxmlformats-');
}

/** The type of content that is not text, as far as it can be named; null for text (and for no content at all). */
async function contentType(head: Uint8Array): Promise<string | null> {
  const isText = byteOrderMark(head) !== null || unmarkedUtf16(head) !== null || !hasControlBytes(head);
  const start = new TextDecoder('latin1').decode(head.subarray(0, 1024));
  // Readers accept a PDF whose header stands anywhere in the first kilobyte; text that only mentions it is none.
  if (start.trimStart().startsWith('%PDF-') || (!isText && /%PDF-\d/u.test(start))) return 'application/pdf';
  const named = (await fileTypeFromBuffer(head).catch(() => undefined))?.mime;
  // Signatures of two or three letters ("BM", "ID3") also begin ordinary sentences: text is believed before them.
  if (isText) return named !== undefined && ENCODED_AS_TEXT.has(named) ? named : null;
  // The first kilobytes of an archive may end before anything tells what it is.
  if (named === undefined && start.startsWith('PK\u0003\u0004')) return 'application/zip';
  return named ?? 'application/octet-stream';
}

/** NUL and the other control characters that no text has; tab, line ends, form feed and escape are allowed. */
function hasControlBytes(head: Uint8Array): boolean {
  return head.some((byte) => byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b);
}

/** Enough of the text to see what kind it is: all that is looked for is ASCII. */
function textOf(head: Uint8Array): string {
  return new TextDecoder(byteOrderMark(head) ?? unmarkedUtf16(head) ?? 'utf-8').decode(head);
}

function unsupported(mediaType: string): UnsupportedMediaTypeError {
  return new UnsupportedMediaTypeError(mediaType, ACCEPTED_MEDIA_TYPES);
}
