import { GeneratedText } from '../generated-text.mjs';
import { InlinePipeline, ReadyWatch } from '../inline-pipeline.mjs';
import { interleave, median, quantile, ratioOf } from '../statistics.mjs';

/** Documents on their way at once, on both sides. */
const PARALLEL = 8;
const BULK = 994;

/** `total` pieces of work, `parallel` at a time. @returns what each gave */
async function inParallel(total, parallel, work) {
  const results = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (next < total) results.push(await work(next++));
    }),
  );
  return results;
}

export const smallDocuments = {
  name: 'small-documents',
  title: 'one-chunk documents, accepted -> ready',
  async run({ stack, options, folder, say }) {
    const generated = new GeneratedText(options.seed + 1);
    const total = options.quick ? 40 : 150;
    const context = await stack.context();
    const inline = new InlinePipeline(stack, folder);
    const watch = new ReadyWatch(await inline.session(context.id));
    const bytes = () => Buffer.from(`${generated.title()}\n\n${generated.passage()}\n`);
    const waits = [];
    const throughStack = async (round) => {
      const began = performance.now();
      await inParallel(total, PARALLEL, async (number) => {
        const { id, acceptedAt } = await context.upload(bytes(), `ours-${round}-${number}.txt`);
        waits.push((await watch.ready(id)) - acceptedAt);
      });
      return total / ((performance.now() - began) / 1000);
    };
    const throughStages = async (round) => {
      const began = performance.now();
      await inParallel(total, PARALLEL, async (number) =>
        inline.process(await inline.accept(context.id, bytes(), `peer-${round}-${number}.txt`, 'text/plain')),
      );
      return total / ((performance.now() - began) / 1000);
    };
    await inParallel(10, PARALLEL, async (number) => {
      const { id } = await context.upload(bytes(), `warm-up-${number}.txt`);
      await watch.ready(id);
    });
    const samples = await interleave({
      rounds: options.quick ? 2 : 3,
      ours: throughStack,
      peer: throughStages,
      onRound: (round, ours, peer) => say(`  ${ours.toFixed(1)} against ${peer.toFixed(1)} documents/s inline`),
    });
    watch.stop();
    const seconds = await this.bulk({ stack, options, bytes, say });
    await inline.close();
    const rate = median(samples.ours);
    const p50 = quantile(waits, 0.5);
    return [
      {
        figure: this.name,
        measures: `one-chunk documents end to end, ${PARALLEL} at a time`,
        unit: 'documents/s',
        ours: rate,
        peer: { name: 'the same stages called inline, as many at a time', value: median(samples.peer) },
        ratio: ratioOf(samples.ours, samples.peer),
        bar: '>= 30/s',
        met: rate >= 30,
      },
      {
        figure: this.name,
        measures: `one-chunk document accepted -> ready, ${PARALLEL} at a time, p50`,
        unit: 'ms',
        ours: p50,
        bar: '< 200 ms',
        met: p50 < 200,
        note: `p95 ${quantile(waits, 0.95).toFixed(0)} ms`,
      },
      {
        figure: this.name,
        measures: `${BULK} one-passage documents accepted -> ready${options.quick ? `, scaled from ${BULK / 7}` : ''}`,
        unit: 's',
        ours: seconds,
        bar: '<= 60 s, aim 30 s',
        met: seconds <= 60,
        aim: seconds <= 30,
      },
    ];
  },

  /** All documents at once into an empty Context. @returns seconds from the first upload to the last `ready` */
  async bulk({ stack, options, bytes, say }) {
    const context = await stack.context();
    const total = options.quick ? BULK / 7 : BULK;
    const began = Date.now();
    await inParallel(total, PARALLEL, (number) => context.upload(bytes(), `bulk-${number}.txt`));
    const accepted = (Date.now() - began) / 1000;
    await context.untilReady(total, { everyMs: 250 });
    const ends = (await context.documents()).map(({ processingCompletedAt }) => Date.parse(processingCompletedAt));
    const seconds = (ends.reduce((last, end) => Math.max(last, end)) - began) / 1000;
    say(`  ${total} documents: accepted after ${accepted.toFixed(1)} s, ready after ${seconds.toFixed(1)} s`);
    return (seconds * BULK) / total;
  },
};
