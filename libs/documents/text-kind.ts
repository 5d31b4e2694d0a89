import type { AcceptedMediaType } from '#libs/contracts/index.js';

/** Kinds of text: which one it is, its bytes alone rarely tell. */
const TEXT_KINDS: ReadonlySet<AcceptedMediaType> = new Set<AcceptedMediaType>([
  'text/plain',
  'text/markdown',
  'text/html',
  'text/csv',
  'text/tab-separated-values',
  'application/json',
  'application/x-ndjson',
  'message/rfc822',
]);

/** What the beginning of a kind of text looks like, where it has a look: everything else only claims to be it. */
const BEGINNINGS: Partial<Record<AcceptedMediaType, RegExp>> = {
  'application/json': /^\s*(?:[[{"\d-]|true|false|null)/u,
  'application/x-ndjson': /^\s*(?:[[{"\d-]|true|false|null)/u,
  // A header, or the envelope line of a mailbox and then a header.
  'message/rfc822': /^\s*(?:>?From .*\r?\n)?[!-9;-~]+:[ \t]?/u,
};

/** A comment has exactly one end, so that a page of nothing but comments is read once and not in every way to part it. */
const HTML = /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:[^-]|-(?!->))*-->\s*)*<(?:!doctype\s+html|html|head|body)\b/iu;

export function isTextKind(mediaType: AcceptedMediaType): boolean {
  return TEXT_KINDS.has(mediaType);
}

/**
 * The kind of text that begins with `head`: the declared one, else the one of the ending, each only if the text can be
 * that; else HTML where it plainly is, else plain text.
 */
export function textKind(
  head: string,
  declared: AcceptedMediaType | null,
  ending: AcceptedMediaType | null,
): AcceptedMediaType {
  const isHtml = HTML.test(head.slice(0, 4096));
  for (const kind of [declared, ending]) {
    if (kind === null || !isTextKind(kind)) continue;
    if (kind === 'text/plain' && declared === null && isHtml) continue;
    const isTable = kind === 'text/csv' || kind === 'text/tab-separated-values';
    if ((isTable && isHtml) || BEGINNINGS[kind]?.test(head) === false) continue;
    // Only what declares nothing is judged by its first tag: Markdown may begin with HTML, and a page be plain text.
    return kind === 'text/markdown' && declared === null && isHtml ? 'text/html' : kind;
  }
  return isHtml ? 'text/html' : 'text/plain';
}
