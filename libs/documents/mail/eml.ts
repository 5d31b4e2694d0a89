import PostalMime, { type Address, type Email } from 'postal-mime';
import { DocumentBuilder, type ExtractedDocument } from '../extracted-document.js';
import { readDate } from '../document-date.js';
import { appendHtml } from '../html-text.js';
import { paragraphsOf } from '../plain-text.js';
import { documentTooLarge, UnreadableDocumentError, wrongMediaType } from '../unreadable-document-error.js';

/** Parts inside of parts; a forwarded chain of mails stays below a dozen. */
const MAX_NESTING = 50;
/**
 * The parser takes about 15 µs for a line of text and 60 µs for a part, however short they are: what is within these
 * takes some seconds, and 50 MB of line ends would take minutes. A mail of 50 MB has 650,000 lines, its attachments'.
 */
const MAX_LINES = 1_000_000;
/** Parts begin with a line of two hyphens. */
const MAX_PART_LINES = 20_000;
/** A mail to a whole company names them all; the first ones say who it went to. */
const MAX_ADDRESSES = 50;
const LINE_FEED = 0x0a;
const HYPHEN = 0x2d;

/**
 * EML: the subject is title and heading; sender, recipients and date stand below it; then the text (the HTML where there
 * is none). Attachments are named, not read.
 *
 * Thrown: UnreadableDocumentError `wrong_media_type` (no mail), `unreadable_document`, `too_deeply_nested`,
 * `document_too_large`.
 */
export async function extractEml(bytes: Uint8Array): Promise<ExtractedDocument> {
  assertBounded(bytes);
  const mail = await parse(bytes);
  if (mail.from === undefined && mail.subject === undefined && mail.date === undefined && mail.to === undefined)
    throw wrongMediaType('an e-mail message');
  const builder = new DocumentBuilder();
  const title = mail.subject?.replace(/\s+/gu, ' ').trim() ?? '';
  if (title !== '') builder.append('heading', title, 1);
  builder.append('list', envelope(mail).join('\n'));
  appendBody(builder, mail);
  builder.append('list', attachments(mail).join('\n'));
  return {
    text: builder.text,
    title: title === '' ? null : title,
    date: readDate(mail.date),
    blocks: builder.blocks,
    pages: null,
  };
}

function assertBounded(bytes: Uint8Array): void {
  let lines = 0;
  let partLines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) {
    if (++lines > MAX_LINES) throw documentTooLarge(`${MAX_LINES} lines`);
    if (bytes[at + 1] === HYPHEN && bytes[at + 2] === HYPHEN && ++partLines > MAX_PART_LINES)
      throw documentTooLarge(`${MAX_PART_LINES} parts`);
  }
}

async function parse(bytes: Uint8Array): Promise<Email> {
  try {
    return await PostalMime.parse(bytes, { maxNestingDepth: MAX_NESTING, attachmentEncoding: 'arraybuffer' });
  } catch (cause) {
    throw new UnreadableDocumentError(
      'unreadable_document',
      'The e-mail message cannot be read: its headers or its parts are damaged, too many or too deeply nested. ' +
        'Save its text as a document and upload that.',
      cause,
    );
  }
}

function envelope(mail: Email): string[] {
  const line = (name: string, addresses: readonly Address[]): string[] =>
    addresses.length === 0 ? [] : [`${name}: ${addresses.slice(0, MAX_ADDRESSES).map(shown).join(', ')}`];
  return [
    ...line('From', mail.from === undefined ? [] : [mail.from]),
    ...line('To', mail.to ?? []),
    ...line('Cc', mail.cc ?? []),
    ...(mail.date === undefined ? [] : [`Date: ${readDate(mail.date) ?? mail.date}`]),
  ].map((each) => each.replace(/\s+/gu, ' '));
}

function shown(address: Address): string {
  if (address.group !== undefined) return address.name;
  return address.name === '' ? address.address : `${address.name} <${address.address}>`;
}

function appendBody(builder: DocumentBuilder, mail: Email): void {
  const text = mail.text ?? '';
  if (text.trim() !== '') {
    const body = paragraphsOf(text);
    for (const block of body.blocks) builder.append(block.kind, body.text.slice(block.start, block.end));
  } else if (mail.html !== undefined) {
    appendHtml(builder, mail.html);
  }
}

function attachments(mail: Email): string[] {
  const named = mail.attachments.filter(({ filename }) => filename !== null && filename !== '');
  return named.map(({ filename, mimeType }) => `Attachment: ${(filename ?? '').replace(/\s+/gu, ' ')} (${mimeType})`);
}
