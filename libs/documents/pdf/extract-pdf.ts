import { setImmediate } from 'node:timers/promises';
import { DocumentBuilder, type ExtractedDocument, type ExtractOptions, type PageSpan } from '../extracted-document.js';
import { UnreadableDocumentError } from '../unreadable-document-error.js';
import { pdfDate } from './date.js';
import { filterLines, linesIn, type Draft } from './draft.js';
import { FontTraits } from './fonts.js';
import { findHeadings } from './headings.js';
import { textOf } from './draft-text.js';
import { wordsOf } from './join-lines.js';
import { draftsFromLayout } from './layout-page.js';
import { mergeAcrossPages } from './merge-drafts.js';
import { openPdf, type PdfDocument, type PdfStructure } from './open-pdf.js';
import { readOutline } from './outline.js';
import { dropRunningLines, type PageHeight } from './running-lines.js';
import { runsOf } from './runs.js';
import { draftsFromTags } from './tagged-page.js';
import { pdfTitle } from './title.js';

/** Below this many visible characters a page has no text of its own: at most a stamp of the scanner. */
const MIN_PAGE_CHARACTERS = 20;
/** A scan whose first pages were recognised, or whose cover is typed, still is one. */
const MIN_SHARE_OF_PAGES = 0.1;
/** Dot leaders to a page number: an entry of a table of contents. */
/** Long enough for any page number with the dots before it; a line of dots alone would be tried from every one of them. */
const END_OF_ENTRY = 100;
const CONTENTS_ENTRY = /(?:\.\s?){4,}\s*(?:\d+|[ivxlc]+)$/iu;

/**
 * PDF: text in reading order with page spans; headings, lists and tables from the document's tags where it has them,
 * else from its type and layout. Running heads, page numbers and tables of contents are left out; words parted at line
 * ends are joined. Pages are read one at a time, with a turn of the event loop between them.
 *
 * Thrown: UnreadableDocumentError `unreadable_pdf`, `truncated_pdf`, `encrypted_pdf`, `no_text_layer` (a scan).
 */
export async function extractPdf(bytes: Uint8Array, options: ExtractOptions): Promise<ExtractedDocument> {
  const pdf = await openPdf(bytes);
  try {
    const { drafts, heights } = await readPages(pdf, options);
    const kept = dropRunningLines(
      filterLines(drafts, (line) => !CONTENTS_ENTRY.test(line.text.slice(-END_OF_ENTRY))),
      heights,
    );
    assertTextLayer(kept, pdf.numPages);
    const settled = mergeAcrossPages(dropEmptyContents(findHeadings(kept, await readOutline(pdf))));
    const title = await pdfTitle(pdf, settled);
    return { ...build(settled, pdf.numPages), title, date: await pdfDate(pdf) };
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function readPages(
  pdf: PdfDocument,
  options: ExtractOptions,
): Promise<{ drafts: Draft[]; heights: PageHeight[] }> {
  const drafts: Draft[] = [];
  const heights: PageHeight[] = [];
  const fonts = new FontTraits();
  for (let number = 1; number <= pdf.numPages; number++) {
    options.signal?.throwIfAborted();
    try {
      const page = await pdf.getPage(number);
      const content = await page.getTextContent({ includeMarkedContent: true });
      await fonts.learn(page, content);
      const tree = (await page.getStructTree()) as PdfStructure | null;
      const runs = runsOf(content);
      const tagged = tree === null ? null : draftsFromTags(tree, runs, number, fonts);
      drafts.push(...(tagged ?? draftsFromLayout(runs, number, fonts)));
      const [, bottom = 0, , top = 0] = page.view;
      heights.push({ page: number, bottom, top });
      page.cleanup();
    } catch (cause) {
      throw new UnreadableDocumentError(
        'unreadable_pdf',
        `Page ${number} of the PDF is damaged and cannot be read. Export or print the document to a new PDF.`,
        cause,
      );
    }
    options.onProgress?.(number, pdf.numPages);
    await setImmediate();
  }
  return { drafts, heights };
}

/** The heading over a table of contents that was left out. */
function dropEmptyContents(drafts: readonly Draft[]): Draft[] {
  return drafts.filter((draft, index) => {
    const next = drafts[index + 1]?.kind ?? 'heading';
    const text = linesIn(draft)
      .map((line) => line.text)
      .join(' ');
    return next !== 'heading' || !/^(?:table of )?contents$/iu.test(text);
  });
}

function assertTextLayer(drafts: readonly Draft[], pageCount: number): void {
  const characters = new Map<number, number>();
  for (const line of drafts.flatMap(linesIn)) {
    characters.set(line.page, (characters.get(line.page) ?? 0) + line.text.length);
  }
  const pagesWithText = [...characters.values()].filter((count) => count >= MIN_PAGE_CHARACTERS).length;
  const isShort = pageCount < 3 && characters.size > 0;
  if (isShort || (pagesWithText > 0 && pagesWithText >= pageCount * MIN_SHARE_OF_PAGES)) return;
  throw new UnreadableDocumentError(
    'no_text_layer',
    `The PDF has no text on ${pageCount - pagesWithText} of its ${pageCount} pages: it is a scan and needs OCR. ` +
      'Run it through a text recognition program and upload the result.',
  );
}

function build(drafts: readonly Draft[], pageCount: number): Omit<ExtractedDocument, 'title' | 'date'> {
  const words = wordsOf(drafts.flatMap((draft) => linesIn(draft).map((line) => line.text)));
  const builder = new DocumentBuilder();
  const starts = new Map<number, number>();
  for (const draft of drafts) {
    const { text, pageStarts } = textOf(draft, words);
    const start = builder.append(draft.kind, text, draft.level);
    if (start === null) continue;
    for (const [page, offset] of pageStarts) {
      if (!starts.has(page)) starts.set(page, start + Math.min(offset, text.length));
    }
  }
  return { text: builder.text, blocks: builder.blocks, pages: pageSpans(starts, pageCount, builder.length) };
}

function pageSpans(starts: ReadonlyMap<number, number>, pageCount: number, length: number): PageSpan[] {
  const spans: PageSpan[] = [];
  let end = length;
  for (let page = pageCount; page >= 1; page--) {
    const start = starts.get(page) ?? end;
    spans.push({ page, start, end });
    end = start;
  }
  return spans.reverse();
}
