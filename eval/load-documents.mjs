// Every passage as one document, through the upload route, until all of them can be found.
import { setTimeout as sleep } from 'node:timers/promises';
import { forEachParallel } from './parallel.mjs';

const SHORTEST_PAUSE_MS = 250;
/** Also how much too late the last document may be seen to be ready. */
const LONGEST_PAUSE_MS = 1_000;
/** Looking takes up about this share of the time, so that it slows nothing down. */
const LOOKING_SHARE = 0.1;
const STALLED_MS = 180_000;

function form({ title, text }, number) {
  const data = new FormData();
  data.append('metadata', JSON.stringify({ title }));
  data.append('file', new Blob([text], { type: 'text/plain' }), `passage-${number}.txt`);
  return data;
}

async function waitUntilReady(api, base, count) {
  let last = { ready: -1, at: performance.now() };
  for (;;) {
    const began = performance.now();
    const [{ total: ready }, failed] = await Promise.all([
      api('GET', `${base}?pageSize=1&status=ready`),
      api('GET', `${base}?pageSize=1&status=failed`),
    ]);
    const now = performance.now();
    if (failed.total > 0)
      throw new Error(
        `${failed.total} documents failed; the newest, "${failed.documents[0]?.title}": ${failed.documents[0]?.error}`,
      );
    if (ready >= count) return now;
    if (ready !== last.ready) last = { ready, at: now };
    if (now - last.at > STALLED_MS)
      throw new Error(`${ready} of ${count} documents are ready, and none became so for ${STALLED_MS / 1000} s.`);
    await sleep(Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, (now - began) / LOOKING_SHARE)));
  }
}

/**
 * @param {{ api: Function, contextId: string, passages: readonly { id: string, title: string, text: string }[],
 *   parallel: number }} options
 * @returns {Promise<{ passagesOf: Record<string, string[]>, acceptSeconds: number, readySeconds: number }>} the passages
 *   behind each document (the same bytes are one document), and the seconds from the first upload to the last 202 and to
 *   the moment when all were seen ready
 */
export async function loadDocuments({ api, contextId, passages, parallel }) {
  const base = `/api/v1/${contextId}/documents`;
  const documents = [];
  const began = performance.now();
  await forEachParallel(passages, parallel, async (passage, index) => {
    documents[index] = (await api('POST', base, { form: () => form(passage, index + 1) })).id;
  });
  const accepted = performance.now();
  const passagesOf = {};
  for (const [index, id] of documents.entries()) (passagesOf[id] ??= []).push(passages[index].id);
  const ready = await waitUntilReady(api, base, Object.keys(passagesOf).length);
  return { passagesOf, acceptSeconds: (accepted - began) / 1000, readySeconds: (ready - began) / 1000 };
}
