import PostalMime, { type Address, type Email } from 'postal-mime';
import { DocumentBuilder, type ExtractedDocument } from '../extracted-document.js';
import { readDate } from '../document-date.js';
import { appendHtml } from '../html-text.js';
import { paragraphsOf } from '../plain-text.js';
import { UnreadableDocumentError, wrongMediaType } from '../unreadable-document-error.js';

/** Parts inside of parts; a forwarded chain of mails stays below a dozen. */
const MAX_NESTING = 50;
/** A mail to a whole company names them all; the first ones say who it went to. */
const MAX_ADDRESSES = 50;

/**
 * EML: the subject is title and heading; sender, recipients and date stand below it; then the text (the HTML where there
 * is none). Attachments are named, not read.
 *
 * Thrown: UnreadableDocumentError `wrong_media_type` (no mail), `unreadable_document`, `too_deeply_nested`,
 * `document_too_large`.
 */
export async function extractEml(bytes: Uint8Array): Promise<ExtractedDocument> {
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
