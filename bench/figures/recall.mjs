import { query } from '#libs/stores/surreal/index.js';
import { GeneratedText } from '../generated-text.mjs';
import { InlinePipeline } from '../inline-pipeline.mjs';
import { quantile } from '../statistics.mjs';

const PASSAGES_PER_DOCUMENT = 50;
/** Sizes with the bar of the p95, where there is one. */
const SIZES = [
  { passages: 1_000 },
  { passages: 2_000, p95: 100 },
  { passages: 10_000 },
  { passages: 50_000, p95: 300 },
];
const QUICK_SIZES = 2;
/** A size whose questions take longer than this is judged by those that were asked. */
const MEASURE_MS = 40_000;
/** All writing of passages together; a machine that is slower answers for the sizes that it reached. */
const LOAD_MS = 360_000;
/** Passages kept to ask about. */
const KEPT = 500;

/** Words out of which the questions are made, any of them, the ten best: what a search box on the same table would do. */
const PLAIN_BM25 = `
  SELECT id, search::score(1) AS score FROM knowledge_chunk WHERE search_text @1,OR@ $terms ORDER BY score DESC LIMIT 10`;

/** @returns the passages that are there at the end: `to`, unless `until` came first */
async function grow({ inline, context, generated, kept, say, until }, from, to) {
  const began = performance.now();
  let told = began;
  for (let passages = from; passages < to; passages += PASSAGES_PER_DOCUMENT) {
    if (performance.now() > until) return passages;
    const texts = Array.from({ length: PASSAGES_PER_DOCUMENT }, () => generated.passage());
    await inline.load(context.id, `${generated.title()} ${passages}`, texts);
    kept[(passages / PASSAGES_PER_DOCUMENT) % KEPT] = texts[passages % 7];
    if (performance.now() - told < 15_000) continue;
    told = performance.now();
    const rate = (passages - from) / ((told - began) / 1000);
    say(`  ${passages} of ${to} passages, ${rate.toFixed(0)}/s`);
  }
  const seconds = (performance.now() - began) / 1000;
  say(`  ${to} passages (${((to - from) / seconds).toFixed(0)}/s written)`);
  return to;
}

const timed = async (work) => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

export const recall = {
  name: 'recall',
  title: 'recall through the API at 1k, 2k, 10k and 50k chunks',
  async run({ stack, options, folder, say }) {
    const generated = new GeneratedText(options.seed + 2);
    const context = await stack.context();
    const inline = new InlinePipeline(stack, folder);
    const session = await inline.session(context.id);
    const kept = [];
    const rows = [];
    const loading = { inline, context, generated, kept, say };
    let left = LOAD_MS;
    let loaded = 0;
    for (const { passages, p95 } of SIZES.slice(0, options.quick ? QUICK_SIZES : SIZES.length)) {
      const began = performance.now();
      loaded = await grow({ ...loading, until: began + left }, loaded, passages);
      left -= performance.now() - began;
      if (loaded < passages) {
        say(`  ${passages} passages were not reached: ${loaded} were written when the time for it was over`);
        rows.push({
          figure: this.name,
          measures: `recall at ${passages} chunks`,
          failed: `only ${loaded} passages could be written in ${LOAD_MS / 1000} s`,
        });
        break;
      }
      const asked = await this.ask({ context, session, generated, kept, count: options.quick ? 30 : 150 });
      for (const route of ['documents/query', 'query']) {
        for (const q of [0.5, 0.95]) {
          const ours = quantile(asked[route], q);
          const peer = quantile(asked.plain, q);
          const half = Math.ceil(asked.plain.length / 2);
          const ofHalf = (from, to) =>
            quantile(asked[route].slice(from, to), q) / quantile(asked.plain.slice(from, to), q);
          const halves = [ofHalf(0, half), ofHalf(half), ours / peer];
          const isBar = q === 0.95 && p95 !== undefined;
          rows.push({
            figure: this.name,
            measures: `recall ${route} at ${passages} chunks, p${q * 100}`,
            unit: 'ms',
            ours,
            peer: { name: 'plain BM25 of the content words on the same table, straight to SurrealDB', value: peer },
            ratio: { median: ours / peer, low: Math.min(...halves), high: Math.max(...halves), rounds: 2 },
            ...(isBar ? { bar: `p95 < ${p95} ms`, met: ours < p95 } : {}),
          });
        }
      }
      const [documents, memory, plain] = ['documents/query', 'query', 'plain'].map((side) =>
        [0.5, 0.95].map((q) => quantile(asked[side], q).toFixed(0)).join('/'),
      );
      say(`  p50/p95: documents/query ${documents} ms, query ${memory} ms, plain BM25 ${plain} ms`);
    }
    await inline.close();
    return rows;
  },

  /** The same question to both routes and to the plain query in turn, in changing order. @returns milliseconds by side */
  async ask({ context, session, generated, kept, count }) {
    const times = { 'documents/query': [], query: [], plain: [] };
    const sides = Object.keys(times);
    const warmUp = Math.ceil(count / 10);
    const until = performance.now() + MEASURE_MS;
    for (let n = 0; n < warmUp + count && (n < warmUp + 20 || performance.now() < until); n += 1) {
      for (let turn = 0; turn < sides.length; turn += 1) {
        const side = sides[(n + turn) % sides.length];
        // Each side its own question: one that was just asked is in every cache.
        const { question, terms } = generated.question(kept[(n * sides.length + turn) % kept.length]);
        const ms = await timed(() =>
          side === 'plain' ? query(session, PLAIN_BM25, { terms }) : context.ask(side, question),
        );
        if (n >= warmUp) times[side].push(ms);
      }
    }
    return times;
  },
};
