import { filterLines, linesIn, type Draft } from './draft.js';
import type { Line } from './lines.js';

/** Running heads and feet stand in this part of the page's height, at the top and at the bottom. */
const MARGIN = 0.12;
/** With fewer pages, a line that repeats may as well be meant. */
const MIN_PAGES = 3;

export interface PageHeight {
  readonly page: number;
  readonly bottom: number;
  readonly top: number;
}

/** Drops the lines in the margins that repeat, but for their numbers, on most pages, and bare page numbers. */
export function dropRunningLines(drafts: readonly Draft[], heights: readonly PageHeight[]): Draft[] {
  if (heights.length < MIN_PAGES) return [...drafts];
  const byPage = new Map(heights.map((height) => [height.page, height]));
  const pagesWith = new Map<string, Set<number>>();
  for (const draft of drafts) {
    for (const line of linesIn(draft)) {
      if (!isInMargin(line, byPage.get(line.page))) continue;
      const key = withoutNumbers(line.text);
      const pages = pagesWith.get(key) ?? new Set();
      pagesWith.set(key, pages.add(line.page));
    }
  }
  const isRunning = (line: Line): boolean =>
    isInMargin(line, byPage.get(line.page)) &&
    (pagesWith.get(withoutNumbers(line.text))?.size ?? 0) > heights.length / 2;
  return filterLines(drafts, (line) => !isRunning(line));
}

function isInMargin(line: Line, height: PageHeight | undefined): boolean {
  if (height === undefined) return false;
  const margin = (height.top - height.bottom) * MARGIN;
  return line.y > height.top - margin || line.y < height.bottom + margin;
}

function withoutNumbers(text: string): string {
  return text
    .toLowerCase()
    .replace(/\d+|\b[ivxlc]+\b/gu, '#')
    .replace(/\s+/gu, ' ')
    .trim();
}
