// Every passage as one session of a conversation, a turn for each sentence, stored literally.
import { forEachParallel } from './parallel.mjs';

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentences of a text, without the white space around them. */
export function turnsOf(text) {
  return [...sentences.segment(text)].map(({ segment }) => segment.trim()).filter((segment) => segment !== '');
}

/** As {@link loadDocuments}; what is written can be found as soon as it is answered. */
export async function loadConversations({ api, contextId, passages, parallel }) {
  const passagesOf = {};
  const began = performance.now();
  await forEachParallel(passages, parallel, async ({ id, text }, index) => {
    const { sessionId } = await api('POST', `/api/v1/${contextId}/facts/batch`, {
      // So that a repeated request does not make a second session.
      headers: { 'idempotency-key': `passage-${index + 1}` },
      json: { infer: 'none', messages: turnsOf(text).map((content) => ({ role: 'user', content })) },
    });
    passagesOf[sessionId] = [id];
  });
  const seconds = (performance.now() - began) / 1000;
  return { passagesOf, acceptSeconds: seconds, readySeconds: seconds };
}
