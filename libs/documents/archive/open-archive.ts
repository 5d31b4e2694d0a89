import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { UnreadableDocumentError } from '../unreadable-document-error.js';

/**
 * What a document may hold, whatever its headers claim. The largest real office files measured stay below a tenth of
 * these; what a bomb can make this process hold is bounded by them.
 */
const MAX_ENTRIES = 10_000;
const MAX_ENTRY_BYTES = 64 * 1024 * 1024;
const MAX_TOTAL_BYTES = 192 * 1024 * 1024;
/** Deflate reaches 1,032 to 1; markup of office programs reaches about 100 to 1. Small parts may be emptier than that. */
const MAX_RATIO = 300;
const RATIO_FROM_BYTES = 1024 * 1024;

/** A zip archive in memory. Names are only ever compared, never used as paths; archives inside are not opened. */
export interface Archive {
  /** In the order of the archive's directory; folders are left out. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /**
   * The bytes of an entry, or null where there is none of that name. Counted as they are inflated.
   * Thrown: UnreadableDocumentError `archive_too_large`, `encrypted_document`, `truncated_document`.
   */
  read(name: string): Promise<Uint8Array | null>;
}

/**
 * Opens a zip archive under limits on entries, size and ratio.
 * `kind` is what a person calls the document ("DOCX", "EPUB").
 *
 * Thrown: UnreadableDocumentError `truncated_document`, `unreadable_document`, `archive_too_large`.
 */
export async function openArchive(bytes: Uint8Array, kind: string): Promise<Archive> {
  const zip = await open(bytes, kind);
  const entries = new Map<string, Entry>();
  try {
    if (zip.entryCount > MAX_ENTRIES) throw tooLarge(`more than ${MAX_ENTRIES} files`);
    for await (const entry of zip.eachEntry()) {
      if (entries.size >= MAX_ENTRIES) throw tooLarge(`more than ${MAX_ENTRIES} files`);
      if (!entry.fileName.endsWith('/') && !entries.has(entry.fileName)) entries.set(entry.fileName, entry);
    }
  } catch (cause) {
    throw cause instanceof UnreadableDocumentError ? cause : damaged(kind, cause);
  }
  let total = 0;
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    read: async (name) => {
      const entry = entries.get(name);
      if (entry === undefined) return null;
      const content = await inflate(zip, entry, kind, MAX_TOTAL_BYTES - total);
      total += content.length;
      return content;
    },
  };
}

async function open(bytes: Uint8Array, kind: string): Promise<ZipFile> {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  if (!isZip) {
    throw new UnreadableDocumentError(
      'wrong_media_type',
      `This is not a ${kind} file although it was uploaded as one. ` +
        'Check the file, or upload it with its real media type.',
    );
  }
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return await fromBufferPromise(buffer, { lazyEntries: true, autoClose: false, validateEntrySizes: true });
  } catch (cause) {
    throw new UnreadableDocumentError(
      'truncated_document',
      `The ${kind} file is incomplete: the directory at its end is missing or cut. ` +
        'Download or export it again and upload it anew.',
      cause,
    );
  }
}

async function inflate(zip: ZipFile, entry: Entry, kind: string, budget: number): Promise<Uint8Array> {
  if (entry.isEncrypted()) throw encrypted(kind);
  const limit = Math.min(budget, MAX_ENTRY_BYTES, Math.max(RATIO_FROM_BYTES, entry.compressedSize * MAX_RATIO));
  const parts: Buffer[] = [];
  let size = 0;
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const part of stream as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > limit) throw tooLarge(`a part of more than ${Math.floor(limit / 1024 / 1024)} MiB`);
      parts.push(part);
    }
  } catch (cause) {
    throw cause instanceof UnreadableDocumentError ? cause : damaged(kind, cause);
  }
  return Buffer.concat(parts);
}

function tooLarge(what: string): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'archive_too_large',
    `The file unpacks to ${what}, which no document needs. Save its text as a smaller document and upload that.`,
  );
}

function damaged(kind: string, cause: unknown): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'unreadable_document',
    `The ${kind} file is damaged and cannot be unpacked. Open it in the program that made it and save it anew.`,
    cause,
  );
}

/** Thrown when the content needs a password. */
export function encrypted(kind: string): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'encrypted_document',
    `The ${kind} file is protected by a password. Remove the password, save it and upload that.`,
  );
}
