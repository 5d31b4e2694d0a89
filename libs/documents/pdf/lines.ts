import type { FontTraits } from './fonts.js';
import type { Run } from './runs.js';

/** A line of text on a page. Lengths are points; y is the baseline and grows upwards. */
export interface Line {
  readonly text: string;
  readonly x: number;
  readonly right: number;
  readonly y: number;
  /** Font size of most of its characters. */
  readonly size: number;
  readonly bold: boolean;
  readonly mono: boolean;
  readonly rightToLeft: boolean;
  readonly page: number;
}

/** A gap wider than this part of the font size parts words; kerning stays below it, the narrowest space is 0.2. */
const WORD_GAP = 0.15;
/** Baselines that differ by less than this part of the font size are one line: superscripts rise by about a third. */
const SAME_LINE = 0.5;

/** Joins runs, in drawing order, to lines; white space between runs comes from their positions. */
export function linesOf(runs: readonly Run[], page: number, fonts: FontTraits): Line[] {
  const lines: Line[] = [];
  let open: Run[] = [];
  for (const run of runs) {
    const previous = open.at(-1);
    if (previous !== undefined && !continues(open, previous, run)) {
      lines.push(...toLine(open, page, fonts));
      open = [];
    }
    open.push(run);
  }
  lines.push(...toLine(open, page, fonts));
  return lines;
}

function continues(open: readonly Run[], previous: Run, run: Run): boolean {
  const base = open.reduce((largest, candidate) => (candidate.size > largest.size ? candidate : largest), previous);
  const size = Math.max(base.size, run.size);
  if (Math.abs(run.y - base.y) > size * SAME_LINE) return false;
  return run.rightToLeft || previous.rightToLeft || run.x > previous.x - size;
}

function toLine(runs: readonly Run[], page: number, fonts: FontTraits): Line[] {
  const visible = runs.filter((run) => run.text.trim() !== '');
  const [first] = visible;
  if (first === undefined) return [];
  const mono = fonts.isMono(first.font);
  const joined = joinRuns(runs);
  const text = mono ? joined.trim() : joined.replace(/\s+/gu, ' ').trim();
  const characters = visible.reduce((sum, run) => sum + run.text.length, 0);
  const boldCharacters = visible.reduce((sum, run) => sum + (fonts.isBold(run.font) ? run.text.length : 0), 0);
  return [
    {
      text,
      x: Math.min(...visible.map((run) => run.x)),
      right: Math.max(...visible.map((run) => run.right)),
      y: first.y,
      size: commonSize(visible),
      bold: boldCharacters > characters * 0.9,
      mono,
      rightToLeft: first.rightToLeft,
      page,
    },
  ];
}

function joinRuns(runs: readonly Run[]): string {
  let text = '';
  let previous: Run | undefined;
  for (const run of runs) {
    if (previous !== undefined && !/\s$/u.test(text) && !/^\s/u.test(run.text)) {
      const gap = run.rightToLeft ? previous.x - run.right : run.x - previous.right;
      const size = Math.min(previous.size, run.size);
      // A footnote mark is no part of the word that it is hung on.
      const isRaisedNumber = run.size < previous.size * 0.8 && run.y > previous.y && /^\d/u.test(run.text);
      if (gap > size * WORD_GAP || isRaisedNumber) text += ' ';
    }
    text += run.text;
    previous = run;
  }
  return text;
}

function commonSize(runs: readonly Run[]): number {
  const counts = new Map<number, number>();
  for (const run of runs) {
    const size = Math.round(run.size * 2) / 2;
    counts.set(size, (counts.get(size) ?? 0) + run.text.length);
  }
  return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most), [0, 0])[0];
}
