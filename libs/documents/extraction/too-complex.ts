import { UnreadableDocumentError } from '../unreadable-document-error.js';

const ADVICE = 'Split it into smaller documents, or save it in a simpler format, and upload that.';

/** Reading it was given up after `deadlineMs`. */
export function tookTooLong(deadlineMs: number): UnreadableDocumentError {
  const seconds = Math.max(1, Math.round(deadlineMs / 1000));
  return new UnreadableDocumentError(
    'document_too_complex',
    `The document could not be read within ${seconds} s (SPECTRA_EXTRACTION_DEADLINE_MS). ${ADVICE}`,
  );
}

/** Reading it needed more than `memoryMb`. */
export function neededTooMuchMemory(memoryMb: number, cause?: unknown): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'document_too_complex',
    `Reading the document needs more than ${memoryMb} MB of memory (SPECTRA_EXTRACTION_MEMORY_MB). ${ADVICE}`,
    cause,
  );
}

/** It is nested so deeply, or makes so long a text, that its reader broke. */
export function exceedsItsReader(cause: unknown): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'document_too_complex',
    `The document is nested too deeply or is too long to be read. ${ADVICE}`,
    cause,
  );
}
