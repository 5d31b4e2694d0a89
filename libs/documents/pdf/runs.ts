import type { PdfTextContent } from './open-pdf.js';

/** A stretch of text as the page draws it: one font, one baseline. Lengths are points; y grows upwards. */
export interface Run {
  readonly text: string;
  readonly x: number;
  readonly right: number;
  readonly y: number;
  readonly size: number;
  readonly font: string;
  readonly rightToLeft: boolean;
  /** The marked-content id under which the structure tree refers to it. */
  readonly contentId: string | null;
}

interface Mark {
  readonly contentId: string | null;
  readonly artifact: boolean;
}

/**
 * The runs of a page in the order in which they are drawn, without artifacts (what a tagged PDF itself declares to be
 * decoration: running heads, page numbers). Text that is drawn along the long side is turned upright.
 */
export function runsOf(content: PdfTextContent): Run[] {
  const runs: Run[] = [];
  const marks: Mark[] = [];
  const outside: Mark = { contentId: null, artifact: false };
  for (const item of content.items) {
    const mark = marks.at(-1) ?? outside;
    if ('type' in item) {
      if (item.type === 'endMarkedContent') marks.pop();
      else marks.push(enter(mark, item));
      continue;
    }
    if (mark.artifact || item.str === '') continue;
    const run = toRun(item, mark.contentId);
    if (!isDrawnTwice(runs.at(-1), run)) runs.push(run);
  }
  return runs;
}

function enter(around: Mark, item: { id?: string | null; tag?: string }): Mark {
  const contentId = item.id ?? null;
  const artifact = item.tag === 'Artifact' || (contentId === null && around.artifact);
  return { contentId: contentId ?? around.contentId, artifact };
}

function toRun(
  item: { str: string; dir: string; transform: unknown[]; width: number; fontName: string },
  contentId: string | null,
): Run {
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = item.transform.map(Number);
  const [x, y] = Math.abs(b) <= Math.abs(a) ? [e, f] : b > 0 ? [f, -e] : [-f, e];
  return {
    text: item.str,
    x,
    right: x + item.width,
    y,
    size: Math.hypot(c, d),
    font: item.fontName,
    rightToLeft: item.dir === 'rtl',
    contentId,
  };
}

/** Old generators make bold by drawing the same words again, a hair to the right. */
function isDrawnTwice(previous: Run | undefined, run: Run): boolean {
  return (
    previous !== undefined &&
    run.text.trim() !== '' &&
    previous.text === run.text &&
    Math.abs(previous.y - run.y) < run.size * 0.1 &&
    Math.abs(previous.x - run.x) < run.size * 0.2
  );
}
