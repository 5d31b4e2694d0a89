// Asks every question, one at a time, and turns what comes back into ranked passages.
import { distinct } from './metrics.mjs';

const ROUTES = {
  documents: {
    path: 'documents/query',
    sources: ({ results }) => results.map(({ document, explain }) => ({ source: document.id, explain })),
  },
  query: {
    path: 'query',
    sources: ({ hits }) =>
      hits.map(({ resource, explain }) => ({ source: resource?.documentId ?? resource?.sessionId, explain })),
  },
};
export const ROUTE_NAMES = Object.keys(ROUTES);
const WARM_UP = 5;

/**
 * @param {{ api: Function, contextId: string, questions: readonly { id: string, question: string }[], route: string,
 *   k: number, passagesOf: Record<string, string[]>, explain: boolean }} options
 * @returns {Promise<{ ranked: string[][], milliseconds: number[], signals: Set<string> }>} per question the passages,
 *   best first, and the time until the answer was read; and the signals that had a part in any hit
 */
export async function askAll({ api, contextId, questions, route, k, passagesOf, explain }) {
  const { path, sources } = ROUTES[route];
  const ask = ({ question }) =>
    api('POST', `/api/v1/${contextId}/${path}`, { json: { query: question, k, ...(explain ? { explain } : {}) } });
  for (const question of questions.slice(-WARM_UP)) await ask(question);
  const ranked = [];
  const milliseconds = [];
  const signals = new Set();
  for (const question of questions) {
    const began = performance.now();
    const answer = await ask(question);
    milliseconds.push(performance.now() - began);
    const hits = sources(answer);
    ranked.push(distinct(hits.flatMap(({ source }) => passagesOf[source] ?? [])));
    for (const hit of hits)
      for (const { signal, contribution } of hit.explain?.signals ?? []) if (contribution !== 0) signals.add(signal);
  }
  return { ranked, milliseconds, signals };
}
