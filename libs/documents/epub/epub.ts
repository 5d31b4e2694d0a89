import { encrypted, type Archive } from '../archive/open-archive.js';
import { decodeText } from '../decode-text.js';
import { DocumentBuilder, type ExtractedDocument, type ExtractOptions } from '../extracted-document.js';
import { appendHtml } from '../html-text.js';
import { emptyDocument, UnreadableDocumentError } from '../unreadable-document-error.js';
import { readXml } from '../xml/read-xml.js';
import { readPackageDocument } from './package-document.js';

/** XHTML may close these at once; read as HTML they would swallow what follows. */
const CLOSED_AT_ONCE =
  /<(title|script|style|iframe|textarea|noscript|noembed|noframes|xmp|template|svg)\b([^<>]*)\/>/giu;

/**
 * EPUB: the pages of the spine in reading order, as HTML; title and date from the book's metadata. It has no page
 * numbers: what a reader shows as such depends on the screen.
 *
 * Thrown: UnreadableDocumentError `encrypted_document` (copy protection), `unreadable_document`, `empty_document`,
 * `too_deeply_nested`, `document_too_large`, those of the archive.
 */
export async function extractEpub(archive: Archive, options: ExtractOptions): Promise<ExtractedDocument> {
  const main = await packageEntry(archive);
  const content = main === null ? null : await archive.read(main);
  if (main === null || content === null) throw damaged();
  const { title, date, spine } = readPackageDocument(content, main.slice(0, main.lastIndexOf('/') + 1));
  const protectedEntries = await encryptedEntries(archive);
  if (spine.some((entry) => protectedEntries.has(entry))) throw encrypted('EPUB');
  const builder = new DocumentBuilder();
  for (const entry of spine) {
    options.signal?.throwIfAborted();
    const page = await archive.read(entry);
    if (page !== null) appendHtml(builder, decodeText(page).replace(CLOSED_AT_ONCE, '<$1$2></$1>'));
  }
  if (builder.blocks.length === 0) throw emptyDocument();
  return { text: builder.text, title, date, blocks: builder.blocks, pages: null };
}

async function packageEntry(archive: Archive): Promise<string | null> {
  const container = await archive.read('META-INF/container.xml');
  const found: string[] = [];
  if (container === null) return null;
  readXml(container, {
    enter: ({ name, attribute }) => {
      const path = attribute('full-path');
      if (name === 'rootfile' && path !== undefined) found.push(path);
    },
  });
  return found[0] ?? null;
}

/** Entries that copy protection made unreadable; fonts often are among them, which nobody misses. */
async function encryptedEntries(archive: Archive): Promise<Set<string>> {
  const entries = new Set<string>();
  const listed = await archive.read('META-INF/encryption.xml');
  if (listed === null) return entries;
  readXml(listed, {
    enter: ({ name, attribute }) => {
      const uri = attribute('URI');
      if (name === 'CipherReference' && uri !== undefined) entries.add(uri);
    },
  });
  return entries;
}

function damaged(): UnreadableDocumentError {
  return new UnreadableDocumentError(
    'unreadable_document',
    'The EPUB file is damaged: its table of parts is missing. Download it again and upload it anew.',
  );
}
