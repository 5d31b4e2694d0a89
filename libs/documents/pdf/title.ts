import { linesIn, type Draft } from './draft.js';
import { joinLines } from './join-lines.js';
import type { PdfDocument } from './open-pdf.js';

/** Left behind by the program that made the file, and no title: "Microsoft Word - x.docx", "untitled", a file name. */
const NO_TITLE = /^(?:microsoft \w+ -|untitled|document\d*$|powerpoint presentation)|\.\w{2,4}$/iu;
const MAX_LENGTH = 200;

/**
 * The title that a person would give: the one in the file's properties if it reads like one, else the largest text of
 * the first page, else null.
 */
export async function pdfTitle(pdf: PdfDocument, drafts: readonly Draft[]): Promise<string | null> {
  const info: unknown = await pdf.getMetadata().then(
    (metadata) => metadata.info,
    () => null,
  );
  const declared = titleIn(info);
  // One word without a space is a file name or an identifier more often than a title.
  if (declared !== null && /\s/u.test(declared) && !NO_TITLE.test(declared)) return declared;
  const lines = drafts.flatMap(linesIn).filter((line) => line.page === 1);
  const largest = Math.max(...lines.map((line) => line.size));
  if (!lines.some((line) => line.size < largest)) return declared;
  const first = lines.findIndex((line) => line.size === largest);
  const rest = lines.slice(first);
  const end = rest.findIndex((line) => line.size < largest);
  const title = joinLines(rest.slice(0, end === -1 ? undefined : end).map((line) => line.text));
  return title.length > 0 && title.length <= MAX_LENGTH ? title : declared;
}

function titleIn(info: unknown): string | null {
  if (typeof info !== 'object' || info === null || !('Title' in info) || typeof info.Title !== 'string') return null;
  const title = info.Title.replace(/\s+/gu, ' ').trim();
  return title === '' || title.length > MAX_LENGTH ? null : title;
}
