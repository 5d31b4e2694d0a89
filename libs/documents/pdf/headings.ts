import { linesIn, type Draft } from './draft.js';
import { joinLines } from './join-lines.js';
import type { OutlineTitles } from './outline.js';

/** A heading is short: longer bold or large text is a notice or a lead. */
const MAX_CHARACTERS = 180;
const MAX_LINES = 3;
/** Text this much larger than the body is set apart on purpose; generators differ by rounding below it. */
const LARGER = 1.12;
/** With fewer entries than this found in the text, an outline names chapters of a bundle, not the headings. */
const MIN_OUTLINE_HITS = 3;

/**
 * Settles which paragraphs are headings, and of which level. Declared ones (tags) are believed; else the document's
 * outline, where enough of its titles stand in the text; else the type: larger or bolder than the body, the largest
 * style being level 1.
 */
export function findHeadings(drafts: readonly Draft[], outline: OutlineTitles): Draft[] {
  if (drafts.some((draft) => draft.level !== undefined)) return [...drafts];
  const byOutline = drafts.map((draft) => {
    const level = mayBeHeading(draft) ? outline.levelOf(textOf(draft)) : null;
    return level === null ? draft : asHeading(draft, level);
  });
  const hits = byOutline.filter((draft) => draft.kind === 'heading').length;
  return hits >= MIN_OUTLINE_HITS ? byOutline : byType(drafts);
}

function byType(drafts: readonly Draft[]): Draft[] {
  const body = bodyType(drafts);
  const sizes = drafts.map((draft) => headingSize(draft, body));
  // Bold lines at body size that follow one another are the cells of a table; a heading has text below it.
  const isCell = (index: number): boolean => sizes[index] === body.size && sizes[index + 1] === body.size;
  const found = sizes.map((size, index) => (isCell(index) ? null : size));
  const ranks = rankSizes(drafts, found);
  return drafts.map((draft, index) => {
    const size = found[index] ?? null;
    if (size === null) return draft;
    const rank = ranks.findIndex((candidate) => candidate <= size);
    return asHeading(draft, Math.min(6, (rank === -1 ? ranks.length : rank) + 1));
  });
}

/** The size in which a heading is set, or null for what is none. Bold text of body size counts as that size. */
function headingSize(draft: Draft, body: { size: number; bold: boolean }): number | null {
  const lines = linesIn(draft);
  const text = textOf(draft);
  if (!mayBeHeading(draft) || lines.length > MAX_LINES || text.length > MAX_CHARACTERS) return null;
  if (!/\p{L}{2}/u.test(text)) return null;
  const size = Math.max(...lines.map((line) => line.size));
  if (size >= body.size * LARGER) return size;
  const isSetBold =
    !body.bold && draft.kind === 'paragraph' && lines.every((line) => line.bold) && size >= body.size * 0.95;
  return isSetBold && !/[.,;]$/u.test(text) ? body.size : null;
}

/** The sizes of headings, largest first. Sizes that only the title page uses would eat the levels of the sections. */
function rankSizes(drafts: readonly Draft[], sizes: readonly (number | null)[]): number[] {
  const all = new Set<number>();
  const beyondFirstPage = new Set<number>();
  sizes.forEach((size, index) => {
    if (size === null) return;
    all.add(size);
    const draft = drafts[index];
    if (draft !== undefined && (linesIn(draft)[0]?.page ?? 1) > 1) beyondFirstPage.add(size);
  });
  return [...(beyondFirstPage.size > 1 ? beyondFirstPage : all)].sort((a, b) => b - a);
}

/** The size and weight in which most of the characters are set. */
function bodyType(drafts: readonly Draft[]): { size: number; bold: boolean } {
  const counts = new Map<number, number>();
  let bold = 0;
  let all = 0;
  for (const line of drafts.flatMap(linesIn)) {
    counts.set(line.size, (counts.get(line.size) ?? 0) + line.text.length);
    all += line.text.length;
    if (line.bold) bold += line.text.length;
  }
  const [size] = [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most), [0, 0]);
  return { size, bold: bold > all / 2 };
}

/** A numbered heading reads like a list of one item. */
function mayBeHeading(draft: Draft): boolean {
  return draft.kind === 'paragraph' || (draft.kind === 'list' && draft.rows.length === 1);
}

function asHeading(draft: Draft, level: number): Draft {
  return { ...draft, kind: 'heading', level };
}

function textOf(draft: Draft): string {
  return joinLines(linesIn(draft).map((line) => line.text));
}
