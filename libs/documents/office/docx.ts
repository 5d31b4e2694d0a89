import mammoth from 'mammoth';
import type { Archive } from '../archive/open-archive.js';
import { storeZip } from '../archive/store-zip.js';
import type { ExtractedDocument } from '../extracted-document.js';
import { extractHtmlText } from '../html.js';
import { documentTooLarge, UnreadableDocumentError } from '../unreadable-document-error.js';
import { readXml } from '../xml/read-xml.js';
import { readCoreProperties } from './core-properties.js';

/** Markup of all parts together. The reader builds trees that take about twenty times as much memory. */
const MAX_MARKUP_BYTES = 16 * 1024 * 1024;
/** The reader's time grows with the square of the rows: four times as long for twice as many, from about here on. */
const MAX_TABLE_ROWS = 20_000;
/** Parts that hold no text of the document. */
const UNREAD = /^(?:customXml|docProps|mammoth|word\/(?:theme|media|embeddings|glossary|webSettings|fontTable))/u;

/** Styles beyond the reader's own: titles stand over everything, tables of contents repeat every heading. */
const STYLES = [
  "p[style-name='Title'] => h1:fresh",
  "p[style-name='Quote'] => blockquote:fresh",
  "p[style-name='Intense Quote'] => blockquote:fresh",
  "p[style-name='HTML Preformatted'] => pre:separator('\\n')",
  "p[style-name='TOC Heading'] => !",
  "p[style-name='table of figures'] => !",
  ...Array.from({ length: 9 }, (_, index) => `p[style-name='toc ${index + 1}'] => !`),
];

/**
 * DOCX: paragraphs, headings by their styles, lists, tables, notes; pictures, headers and footers are left out. The
 * title is the one in the properties, else the first title or heading of level 1.
 *
 * Thrown: UnreadableDocumentError `unreadable_document`, `document_too_large`, `too_deeply_nested`, `empty_document`.
 */
export async function extractDocx(archive: Archive): Promise<ExtractedDocument> {
  const properties = await readCoreProperties(archive);
  const html = await toHtml(await readParts(archive));
  const document = extractHtmlText(html);
  return { ...document, title: properties.title ?? document.title, date: properties.date };
}

/** The markup of the document, every part of it looked at: the reader recurses, and unpacks without limits. */
async function readParts(archive: Archive): Promise<Map<string, Uint8Array>> {
  const parts = new Map<string, Uint8Array>();
  let size = 0;
  let rows = 0;
  for (const name of archive.names) {
    if (!/\.(?:xml|rels)$/u.test(name) || UNREAD.test(name)) continue;
    const content = await archive.read(name);
    if (content === null) continue;
    size += content.length;
    if (size > MAX_MARKUP_BYTES) throw documentTooLarge(`${MAX_MARKUP_BYTES / 1024 / 1024} MiB of markup`);
    readXml(content, {
      enter: (element) => {
        if (element.name === 'tr' && ++rows > MAX_TABLE_ROWS)
          throw documentTooLarge(`${MAX_TABLE_ROWS} rows of tables`);
      },
    });
    parts.set(name, content);
  }
  return parts;
}

async function toHtml(parts: ReadonlyMap<string, Uint8Array>): Promise<string> {
  try {
    const { value } = await mammoth.convertToHtml(
      { buffer: storeZip(parts) },
      {
        styleMap: STYLES,
        includeEmbeddedStyleMap: false,
        externalFileAccess: false,
        convertImage: mammoth.images.imgElement(() => Promise.resolve({ src: '' })),
      },
    );
    // Links from a note back to its reference are signs for a browser.
    return value.replaceAll('>↑</a>', '></a>');
  } catch (cause) {
    throw new UnreadableDocumentError(
      'unreadable_document',
      'The DOCX file is damaged and cannot be read. Open it in a word processor and save it anew.',
      cause,
    );
  }
}
