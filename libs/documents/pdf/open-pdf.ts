import { getDocumentProxy } from 'unpdf';
import { UnreadableDocumentError } from '../unreadable-document-error.js';

export type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;
export type PdfPage = Awaited<ReturnType<PdfDocument['getPage']>>;
export type PdfTextContent = Awaited<ReturnType<PdfPage['getTextContent']>>;
export type PdfStructure = NonNullable<Awaited<ReturnType<PdfPage['getStructTree']>>>;

/** The end marker stands within the last kilobyte; files with that much padding behind it are still whole. */
const TAIL_BYTES = 16 * 1024;

/**
 * Opens a PDF for reading its text: no scripts, no forms, no images (pictures of any size are left undecoded).
 *
 * Thrown: UnreadableDocumentError `unreadable_pdf` (not a PDF, or damaged), `truncated_pdf`, `encrypted_pdf`.
 */
export async function openPdf(bytes: Uint8Array): Promise<PdfDocument> {
  const head = latin1(bytes.subarray(0, 1024));
  if (!head.includes('%PDF-')) {
    throw new UnreadableDocumentError(
      'unreadable_pdf',
      'This is not a PDF file although it was declared as one. Check the file, or upload it with its real media type.',
    );
  }
  // The reader would rebuild what is left of a cut file and quietly lose the pages that are missing.
  const tail = latin1(bytes.subarray(-TAIL_BYTES));
  if (!tail.includes('startxref') && !tail.includes('%%EOF')) {
    throw new UnreadableDocumentError(
      'truncated_pdf',
      'The PDF ends before its end marker: the file is incomplete. Download or export it again and upload it anew.',
    );
  }
  try {
    // A copy, because the reader takes the buffer that it is given.
    return await getDocumentProxy(new Uint8Array(bytes), {
      verbosity: 0,
      maxImageSize: 1,
      enableXfa: false,
      stopAtErrors: false,
    });
  } catch (cause) {
    throw explain(cause);
  }
}

function explain(cause: unknown): UnreadableDocumentError {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'PasswordException') {
    return new UnreadableDocumentError(
      'encrypted_pdf',
      'The PDF is encrypted and needs a password to open. Save a copy without a password and upload that.',
      cause,
    );
  }
  return new UnreadableDocumentError(
    'unreadable_pdf',
    'The PDF is damaged and cannot be opened. Open it in a PDF viewer and export or print it to a new PDF.',
    cause,
  );
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}
