/** A segment ends at the first safe place after this many UTF-16 units, */
const USUAL_LENGTH = 16 * 1024;
/** and at the end of a line after this many, if there was none. */
const FORCED_LENGTH = 64 * 1024;
/** A single line is cut between words at this length: 30 MB without a line end would take a minute and a half. */
const LINE_LENGTH = 160 * 1024;

const FENCE = /^ {0,3}(`{3,}|~{3,})/u;
const RAW_HTML = /^ {0,3}<(?:!--|(pre|script|style|textarea)\b)/iu;
/** A line that ends every list, quotation and table above it, given that a blank line stands between. */
const STARTS_BLOCK = /^[^\s>|+*-]/u;
const FENCE_OF_FRONT_MATTER = /^---[ \t]*\r?$/mu;
const LIST_NUMBER = /^\d{1,9}[.)]/u;

/**
 * Parts Markdown into pieces whose blocks are those of the whole: the time that a parser needs grows with the square of
 * the length of its input, so a long document is parsed piece by piece. Safe places are unindented lines after a blank
 * one, outside of fenced code and raw HTML. A list, table or paragraph of more than 64 KB is cut between two lines.
 */
export function* markdownSegments(text: string): Generator<{ start: number; end: number }> {
  let start = 0;
  let open: RegExp | null = hasFrontMatter(text) ? /^---\s*$/u : null;
  let afterBlank = false;
  for (let line = 0; line < text.length;) {
    const next = endOfLine(text, line);
    const content = text.slice(line, next);
    const length = line - start;
    const isSafe = afterBlank && STARTS_BLOCK.test(content) && !LIST_NUMBER.test(content);
    if (open === null && (length > FORCED_LENGTH || (length > USUAL_LENGTH && isSafe))) {
      yield { start, end: line };
      start = line;
    }
    // The first line opens front matter, it does not close it.
    if (line > 0 || open === null) open = open === null ? opened(content) : open.test(content) ? null : open;
    // The rest of a line that was cut begins a paragraph of its own, and is no line of Markdown.
    afterBlank = content.endsWith('\n') && content.trim() === '';
    line = next;
  }
  if (start < text.length) yield { start, end: text.length };
}

/** Where the line that begins at `start` ends, its line feed included; one that is too long, at its last fitting word. */
function endOfLine(text: string, start: number): number {
  const reach = text.slice(start, start + LINE_LENGTH);
  const lineEnd = reach.indexOf('\n');
  if (lineEnd !== -1) return start + lineEnd + 1;
  if (start + reach.length === text.length) return text.length;
  const space = reach.lastIndexOf(' ');
  if (space > 0) return start + space + 1;
  // Not between the halves of a character.
  return start + reach.length - (/[\uD800-\uDBFF]$/u.test(reach) ? 1 : 0);
}

/** Two lines of `---`, the first one at the very beginning. */
function hasFrontMatter(text: string): boolean {
  const first = FENCE_OF_FRONT_MATTER.exec(text);
  return first?.index === 0 && FENCE_OF_FRONT_MATTER.test(text.slice(first[0].length));
}

/** What closes the fenced code or raw HTML that a line opens and does not close itself, or null. */
function opened(line: string): RegExp | null {
  const fence = FENCE.exec(line)?.[1];
  if (fence !== undefined) return new RegExp(`^ {0,3}${fence.slice(0, 1)}{${fence.length},}\\s*$`, 'u');
  const raw = RAW_HTML.exec(line);
  if (raw === null) return null;
  const close = raw[1] === undefined ? /-->/u : /<\/(?:pre|script|style|textarea)>/iu;
  return close.test(line) ? null : close;
}
