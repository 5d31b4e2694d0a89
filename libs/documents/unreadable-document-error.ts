import { SpectraError } from '#libs/contracts/index.js';

export type UnreadableDocumentCode =
  'empty_document' | 'invalid_encoding' | 'unreadable_pdf' | 'truncated_pdf' | 'encrypted_pdf' | 'no_text_layer';

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
