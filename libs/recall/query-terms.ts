import { eng, removeStopwords } from 'stopword';

/** Longest part of a question that is searched for; more words only cost time. */
const MAX_TERMS = 64;

/** Words with an apostrophe that say nothing, and what it leaves behind of others: "doesn't", "they've", "Anna's". */
const CONTRACTION =
  /(?:(?:do|does|did|is|are|was|were|has|have|had|ca|can|could|wo|would|should|must)n['’]t|['’](?:s|d|m|ll|re|ve))(?![\p{L}\p{N}])/giu;

/**
 * The words of a question that full-text search looks for: without the words that stand in every text, because
 * scoring costs time per matching row. A question of nothing but such words keeps them.
 */
export function queryTerms(question: string): string[] {
  const words =
    question
      .toLowerCase()
      .replace(CONTRACTION, ' ')
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  const content = removeStopwords(words, eng);
  return [...new Set(content.length > 0 ? content : words)].slice(0, MAX_TERMS);
}
