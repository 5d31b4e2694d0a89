import { firstDate } from '../document-date.js';
import type { PdfDocument } from './open-pdf.js';

/** When the PDF's properties say that it was made, else when it was last changed: ISO 8601 in UTC, or null. */
export async function pdfDate(pdf: PdfDocument): Promise<string | null> {
  const info: unknown = await pdf.getMetadata().then(
    (metadata) => metadata.info,
    () => null,
  );
  if (typeof info !== 'object' || info === null) return null;
  return firstDate('CreationDate' in info && info.CreationDate, 'ModDate' in info && info.ModDate);
}
