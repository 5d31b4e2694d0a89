import { DOCUMENT_FORMATS, type AcceptedMediaType } from '#libs/contracts/index.js';
import { extractEpub } from '../epub/epub.js';
import type { ExtractedDocument, ExtractOptions } from '../extracted-document.js';
import { extractDocx } from '../office/docx.js';
import { extractPptx } from '../office/pptx.js';
import { extractXlsx } from '../office/xlsx.js';
import { UnreadableDocumentError, wrongMediaType } from '../unreadable-document-error.js';
import { archiveKind } from './archive-kind.js';
import { encrypted, openArchive, type Archive } from './open-archive.js';

type Reader = (archive: Archive, options: ExtractOptions) => Promise<ExtractedDocument>;

const READERS: Partial<Record<AcceptedMediaType, Reader>> = {
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': extractDocx,
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': extractPptx,
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': extractXlsx,
  'application/epub+zip': extractEpub,
};

/** The signature of a compound file: what Office encrypts into, and what it wrote before 2007. */
const COMPOUND_FILE = Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1);
const ENCRYPTED_PACKAGE = Buffer.from('EncryptedPackage', 'utf16le');

/** Whether documents of that type are zip archives. */
export function isArchiveType(mediaType: string): mediaType is AcceptedMediaType {
  return mediaType in READERS;
}

export function isCompoundFile(bytes: Uint8Array): boolean {
  return COMPOUND_FILE.every((byte, index) => bytes[index] === byte);
}

/**
 * Reads a document that is a zip archive, after a look at what stands in it.
 *
 * Thrown: UnreadableDocumentError `encrypted_document`, `wrong_media_type` (another kind of archive, or none),
 * `truncated_document`, `unreadable_document`, `archive_too_large`, and what the reader of the format throws.
 */
export async function extractArchive(
  bytes: Uint8Array,
  mediaType: AcceptedMediaType,
  options: ExtractOptions,
): Promise<ExtractedDocument> {
  const name = DOCUMENT_FORMATS.find((format) => format.mediaType === mediaType)?.name ?? mediaType;
  if (isCompoundFile(bytes)) throw explainCompoundFile(bytes, name);
  const archive = await openArchive(bytes, name);
  const kind = await archiveKind(archive);
  const read = READERS[mediaType];
  if (read === undefined || kind !== mediaType) throw wrongMediaType(`a ${name} file`);
  return read(archive, options);
}

function explainCompoundFile(bytes: Uint8Array, name: string): UnreadableDocumentError {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (content.includes(ENCRYPTED_PACKAGE)) return encrypted(name);
  return new UnreadableDocumentError(
    'wrong_media_type',
    `This is a file of an Office version before 2007, not ${name}. Open it, save it as ${name} and upload that.`,
  );
}
