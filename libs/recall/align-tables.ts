/** What full-text search found in one table, and how much of the question its best row covers (0..1). */
export interface TableScores {
  readonly scores: ReadonlyMap<string, number>;
  readonly coverage: number;
}

/** Letters that two forms of a word must share at their beginning to count as the same: a stem, roughly. */
const SHARED_LETTERS = 5;

const stem = (word: string): string => word.slice(0, SHARED_LETTERS);

/** The share of the question's words that a text contains in some form, 0..1. */
export function coverage(terms: readonly string[], text: string): number {
  const wanted = new Set(terms.map(stem));
  if (wanted.size === 0) return 0;
  const words = new Set((text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map(stem));
  return [...wanted].filter((word) => words.has(word)).length / wanted.size;
}

/**
 * Makes BM25 scores of several tables comparable. They are not by themselves: a word's weight grows with the number of
 * rows in its index (and is 0 in an index of one row), so that the larger table would always win. Each table is divided
 * by its best score and multiplied by the share of the question that its best row covers.
 */
export function alignTables(tables: readonly TableScores[]): Map<string, number> {
  const aligned = new Map<string, number>();
  for (const { scores, coverage: covered } of tables) {
    const best = Math.max(0, ...scores.values());
    for (const [id, raw] of scores) aligned.set(id, (best > 0 ? raw / best : 1) * covered);
  }
  return aligned;
}
