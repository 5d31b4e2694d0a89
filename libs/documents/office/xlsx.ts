import type { Archive } from '../archive/open-archive.js';
import { DocumentBuilder, type ExtractedDocument, type ExtractOptions } from '../extracted-document.js';
import { TableLines } from '../tables/table-lines.js';
import { emptyDocument } from '../unreadable-document-error.js';
import { readCoreProperties } from './core-properties.js';
import { readSheet } from './sheet.js';
import { readWorkbook } from './workbook.js';

/**
 * XLSX: each visible sheet a heading, each row a line that names its columns; dates as dates, formulas as their last
 * value. Sheets that are charts are left out.
 *
 * Thrown: UnreadableDocumentError `unreadable_document`, `empty_document`, `document_too_large`, those of the archive.
 */
export async function extractXlsx(archive: Archive, options: ExtractOptions): Promise<ExtractedDocument> {
  const properties = await readCoreProperties(archive);
  const workbook = await readWorkbook(archive);
  const builder = new DocumentBuilder();
  let hasText = false;
  for (const { name, part } of workbook.sheets) {
    options.signal?.throwIfAborted();
    const content = await archive.read(part);
    if (content === null) continue;
    const lines = new TableLines(builder, name);
    readSheet(content, workbook, (cells) => {
      lines.add(cells);
    });
    hasText = lines.end() || hasText;
  }
  if (!hasText) throw emptyDocument();
  return { text: builder.text, title: properties.title, date: properties.date, blocks: builder.blocks, pages: null };
}
