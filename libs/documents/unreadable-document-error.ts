import { SpectraError } from '#libs/contracts/index.js';

export type UnreadableDocumentCode =
  | 'archive_too_large'
  | 'document_too_complex'
  | 'document_too_large'
  | 'empty_document'
  | 'encrypted_document'
  | 'encrypted_pdf'
  | 'invalid_encoding'
  | 'no_text_layer'
  | 'too_deeply_nested'
  | 'truncated_document'
  | 'truncated_pdf'
  | 'unreadable_document'
  | 'unreadable_pdf'
  | 'wrong_media_type';

/**
 * Thrown when a document's bytes cannot be turned into text and no retry will change that. The message is stored as
 * the document's `error`, so it says what is wrong and what its owner can do.
 */
export class UnreadableDocumentError extends SpectraError {
  constructor(code: UnreadableDocumentCode, message: string, cause?: unknown) {
    super({ status: 422, code, message, cause });
  }
}

/** Thrown when there is nothing to read: no bytes at all, or only white space and markup. */
export function emptyDocument(): UnreadableDocumentError {
  return new UnreadableDocumentError('empty_document', 'The document is empty: it contains no text to index.');
}

/** Thrown when elements, values or parts stand inside of each other deeper than any person or program writes them. */
export function tooDeeplyNested(limit: number): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'too_deeply_nested',
    `The document is nested deeper than ${limit} levels. Save it in a flatter form and upload it again.`,
  );
}

/** Thrown when what a reader makes of the bytes outgrows what can be held. `limit` is a phrase, "64 MiB of text". */
export function documentTooLarge(limit: string): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'document_too_large',
    `The document holds more than ${limit}. Split it into several documents and upload those.`,
  );
}

/** Thrown when the content is not what its type says. Both are names that a person knows ("DOCX", "an EPUB book"). */
export function wrongMediaType(expected: string, cause?: unknown): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'wrong_media_type',
    `This is not ${expected} although it was uploaded as one. Check the file, or upload it with its real media type.`,
    cause,
  );
}
