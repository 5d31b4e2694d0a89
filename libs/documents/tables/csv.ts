import { CsvError, parse } from 'csv-parse/sync';
import { decodeText } from '../decode-text.js';
import { DocumentBuilder, type ExtractedDocument, type ExtractOptions } from '../extracted-document.js';
import { paragraphsOf } from '../plain-text.js';
import { emptyDocument } from '../unreadable-document-error.js';
import { findDelimiter } from './delimiter.js';
import { TableLines } from './table-lines.js';

/** A record longer than this is a quotation mark that was never closed, and no record. */
const MAX_RECORD_LENGTH = 1024 * 1024;

/**
 * CSV and TSV: a row a line that names its columns. What parts the cells is found in the content. Where quotation marks
 * do not come in pairs they are read as what they are; what then still is no table is read as plain text.
 *
 * Thrown: UnreadableDocumentError `invalid_encoding`, `empty_document`, `document_too_large`.
 */
export function extractCsv(bytes: Uint8Array, usual: ',' | '\t', options: ExtractOptions): ExtractedDocument {
  const text = decodeText(bytes, options.charset);
  const delimiter = findDelimiter(text, usual);
  const body = text.replace(/^sep=.\r?\n/u, '');
  return readRows(body, delimiter, '"') ?? readRows(body, delimiter, null) ?? paragraphsOf(text);
}

/** Null when the text cannot be read that way. */
function readRows(text: string, delimiter: string, quote: '"' | null): ExtractedDocument | null {
  const builder = new DocumentBuilder();
  const lines = new TableLines(builder);
  try {
    parse(text, {
      delimiter,
      quote,
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_RECORD_LENGTH,
      on_record: (record: string[]) => {
        lines.add(record.map((cell, column) => ({ column, text: cell })));
        // Nothing is kept: the rows of a large file, as lists of cells, are many times its size.
        return null;
      },
    });
  } catch (error) {
    if (error instanceof CsvError) return null;
    throw error;
  }
  if (!lines.end()) throw emptyDocument();
  return { text: builder.text, title: null, date: null, blocks: builder.blocks, pages: null };
}
