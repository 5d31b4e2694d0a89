/** A kind of document that can be read, under the one name that this service writes for it. */
export interface DocumentFormat {
  readonly mediaType: string;
  /** As a person calls it. */
  readonly name: string;
  /** Endings of file names, in lower case with their dot; the first is the usual one. */
  readonly endings: readonly string[];
  /** Other names under which clients declare it. */
  readonly aliases: readonly string[];
}

/** Everything that can be read. Messages, endings, the API's description and detection are all made from this table. */
export const DOCUMENT_FORMATS = [
  {
    mediaType: 'text/plain',
    name: 'plain text',
    endings: ['.txt', '.text'],
    aliases: ['text/x-plain', 'application/text'],
  },
  {
    mediaType: 'text/markdown',
    name: 'Markdown',
    endings: ['.md', '.markdown', '.mdown', '.mkd', '.mdx'],
    aliases: ['text/x-markdown', 'text/md', 'text/x-md', 'application/markdown', 'application/x-markdown'],
  },
  {
    mediaType: 'text/html',
    name: 'HTML',
    endings: ['.html', '.htm', '.xhtml'],
    aliases: ['application/xhtml+xml', 'application/xhtml'],
  },
  {
    mediaType: 'text/csv',
    name: 'CSV',
    endings: ['.csv'],
    aliases: ['application/csv', 'application/x-csv', 'text/x-csv', 'text/comma-separated-values'],
  },
  {
    mediaType: 'text/tab-separated-values',
    name: 'TSV',
    endings: ['.tsv', '.tab'],
    aliases: ['text/tsv', 'text/x-tsv'],
  },
  { mediaType: 'application/json', name: 'JSON', endings: ['.json'], aliases: ['text/json', 'application/x-json'] },
  {
    mediaType: 'application/x-ndjson',
    name: 'JSON Lines',
    endings: ['.jsonl', '.ndjson'],
    aliases: ['application/jsonl', 'application/ndjson', 'application/jsonlines', 'application/x-jsonlines'],
  },
  { mediaType: 'application/pdf', name: 'PDF', endings: ['.pdf'], aliases: ['application/x-pdf', 'text/pdf'] },
  {
    mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    name: 'DOCX',
    endings: ['.docx', '.docm', '.dotx'],
    aliases: [
      'application/vnd.ms-word.document.macroenabled.12',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.template',
    ],
  },
  {
    mediaType: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    name: 'PPTX',
    endings: ['.pptx', '.pptm', '.ppsx'],
    aliases: [
      'application/vnd.ms-powerpoint.presentation.macroenabled.12',
      'application/vnd.openxmlformats-officedocument.presentationml.slideshow',
    ],
  },
  {
    mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    name: 'XLSX',
    endings: ['.xlsx', '.xlsm', '.xltx'],
    aliases: [
      'application/vnd.ms-excel.sheet.macroenabled.12',
      'application/vnd.openxmlformats-officedocument.spreadsheetml.template',
    ],
  },
  { mediaType: 'message/rfc822', name: 'e-mail (EML)', endings: ['.eml'], aliases: ['application/eml', 'text/eml'] },
  { mediaType: 'application/epub+zip', name: 'EPUB', endings: ['.epub'], aliases: ['application/epub'] },
] as const satisfies readonly DocumentFormat[];

export type AcceptedMediaType = (typeof DOCUMENT_FORMATS)[number]['mediaType'];

/** The media types that are accepted, each under its standard name. */
export const ACCEPTED_MEDIA_TYPES: readonly AcceptedMediaType[] = DOCUMENT_FORMATS.map(({ mediaType }) => mediaType);

const BY_NAME = new Map<string, AcceptedMediaType>(
  DOCUMENT_FORMATS.flatMap(({ mediaType, aliases }) =>
    [mediaType, ...aliases].map((name): [string, AcceptedMediaType] => [name, mediaType]),
  ),
);
const BY_ENDING = new Map<string, AcceptedMediaType>(
  DOCUMENT_FORMATS.flatMap(({ mediaType, endings }) =>
    endings.map((ending): [string, AcceptedMediaType] => [ending, mediaType]),
  ),
);

/** The accepted type that a declared one means: parameters are dropped and aliases folded; null for any other. */
export function acceptedMediaType(declared: string): AcceptedMediaType | null {
  return BY_NAME.get(declared.split(';', 1).join('').trim().toLowerCase()) ?? null;
}

/** The accepted type that the ending of a file name or path stands for, or null. */
export function mediaTypeByEnding(fileName: string): AcceptedMediaType | null {
  const ending = /\.[a-z\d]+$/u.exec(fileName.toLowerCase())?.[0];
  return (ending === undefined ? undefined : BY_ENDING.get(ending)) ?? null;
}

/** `plain text, Markdown, ... and EPUB`. */
export function namesOfFormats(): string {
  const names = DOCUMENT_FORMATS.map(({ name }) => name);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
