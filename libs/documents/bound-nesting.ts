/** Nobody nests lists and quotations deeper than fits into this many columns. */
const MAX_COLUMNS = 64;
const DEEP = new RegExp(`^[\\t >*+\\d.)-]{${MAX_COLUMNS},}`, 'gmu');
/** Rules, underlines of headings and fences of front matter are long runs of one character, and no nesting. */
const RULE = /^[ \t]*([-*_=])\1*[ \t]*$/u;

/**
 * A copy of Markdown of the same length in which the markers of lists and quotations beyond a sane depth are letters.
 * The time that a parser needs for a line grows with the square of its depth, and a few kilobytes of `>` would hold up
 * everything else. Every offset stays what it was.
 */
export function boundNesting(markdown: string): string {
  return markdown.replace(DEEP, (prefix, offset: number) => {
    const lineEnd = markdown.indexOf('\n', offset);
    const line = markdown.slice(offset, lineEnd === -1 ? undefined : lineEnd);
    if (RULE.test(line.trimEnd())) return prefix;
    return prefix.slice(0, MAX_COLUMNS) + prefix.slice(MAX_COLUMNS).replace(/[^\t ]/gu, 'x');
  });
}
