import { linesIn, type Draft } from './draft.js';

/**
 * Joins what a page break or the way of drawing has parted: a paragraph that goes on in lower case on the next page,
 * the lines of a code sample, the items of a list, and a table whose rows go on.
 */
export function mergeAcrossPages(drafts: readonly Draft[]): Draft[] {
  const merged: Draft[] = [];
  for (const draft of drafts) {
    const previous = merged.at(-1);
    const rows = previous === undefined ? null : joinedRows(previous, draft);
    if (previous === undefined || rows === null) merged.push(draft);
    else merged[merged.length - 1] = { ...previous, rows };
  }
  return merged;
}

function joinedRows(previous: Draft, draft: Draft): Draft['rows'] | null {
  if (previous.kind !== draft.kind) return null;
  if (draft.kind === 'code' || draft.kind === 'list') return [...previous.rows, ...draft.rows];
  if (draft.kind === 'paragraph' && goesOn(previous, draft)) {
    return [[[...linesIn(previous), ...linesIn(draft)]]];
  }
  return null;
}

function goesOn(previous: Draft, draft: Draft): boolean {
  const last = linesIn(previous).at(-1);
  const first = linesIn(draft).at(0);
  if (last === undefined || first === undefined || first.page !== last.page + 1) return false;
  if (Math.abs(last.size - first.size) > 0.5) return false;
  return /[\p{L}\d,;\-–]$/u.test(last.text) && /^\p{Ll}/u.test(first.text);
}
