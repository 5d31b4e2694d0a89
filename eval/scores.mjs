// From ranked lists to figures: the service, its peers, and the difference between them question by question.
import { intervals } from './bootstrap.mjs';
import { ANALYSERS, Bm25 } from './bm25.mjs';
import { DEPTH, measure, METRICS } from './metrics.mjs';

/** Ranked passages of BM25 per question, for each analyser, over the same text that the service was given. */
export function askPeers({ passages, questions }, as) {
  const texts = passages.map(({ title, text }) => (as === 'documents' ? `${title}\n${text}` : text));
  return Object.fromEntries(
    Object.entries(ANALYSERS).map(([name, analyse]) => {
      const index = new Bm25(texts, analyse);
      return [name, questions.map(({ question }) => index.top(question, DEPTH).map((at) => passages[at].id))];
    }),
  );
}

/** The measures of every question for one list of ranked passages per question. */
export function measureAll(ranked, questions) {
  return questions.map(({ supporting }, index) => measure(ranked[index], supporting));
}

const columns = (rows, prefix) =>
  Object.fromEntries(METRICS.map((metric) => [`${prefix} ${metric}`, rows.map((row) => row[metric])]));
const differences = (rows, others) =>
  rows.map((row, index) => Object.fromEntries(METRICS.map((metric) => [metric, row[metric] - others[index][metric]])));

/**
 * @param {Record<string, Record<string, number>[]>} systems measures per question by the name of the system
 * @param {[name: string, minuend: string, subtrahend: string][]} pairs
 * @returns {Record<string, Record<string, { mean: number, low: number, high: number }>>} by system or pair, by metric
 */
export function summarise(systems, pairs, seed) {
  const all = { ...systems };
  for (const [name, minuend, subtrahend] of pairs) all[name] = differences(systems[minuend], systems[subtrahend]);
  const names = Object.keys(all);
  const found = intervals(Object.assign({}, ...names.map((name) => columns(all[name], name))), { seed });
  return Object.fromEntries(
    names.map((name) => [name, Object.fromEntries(METRICS.map((metric) => [metric, found[`${name} ${metric}`]]))]),
  );
}

/** Summaries of the whole set and of its two halves; of one half alone where only that one was asked. */
export function summariseParts(systems, pairs, questions, seed) {
  const parts = { whole: () => true, first: (half) => half === 'first', second: (half) => half === 'second' };
  if (new Set(questions.map(({ half }) => half)).size === 1) delete parts.whole;
  return Object.fromEntries(
    Object.entries(parts).flatMap(([part, belongs]) => {
      const inside = questions.map(({ half }) => belongs(half));
      const count = inside.filter(Boolean).length;
      if (count === 0) return [];
      const chosen = Object.fromEntries(
        Object.entries(systems).map(([name, rows]) => [name, rows.filter((_row, index) => inside[index])]),
      );
      return [[part, { questions: count, ...summarise(chosen, pairs, seed) }]];
    }),
  );
}
