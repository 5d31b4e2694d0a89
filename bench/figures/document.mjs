import { GeneratedText } from '../generated-text.mjs';
import { generatedPdf } from '../generated-pdf.mjs';
import { InlinePipeline, ReadyWatch } from '../inline-pipeline.mjs';
import { interleave, median, ratioOf } from '../statistics.mjs';

const PAGES = 20;

export const document = {
  name: 'document',
  title: `a ${PAGES}-page PDF, accepted -> ready`,
  async run({ stack, options, folder, say }) {
    const generated = new GeneratedText(options.seed);
    const context = await stack.context();
    const inline = new InlinePipeline(stack, folder);
    const watch = new ReadyWatch(await inline.session(context.id), 10);
    const throughStack = async (name) => {
      const { id, acceptedAt } = await context.upload(generatedPdf(generated, PAGES), name, 'application/pdf');
      return (await watch.ready(id)) - acceptedAt;
    };
    const throughStages = async (name) => {
      const accepted = await inline.accept(context.id, generatedPdf(generated, PAGES), name, 'application/pdf');
      const began = performance.now();
      await inline.process(accepted);
      return performance.now() - began;
    };
    await throughStack('warm-up.pdf');
    await throughStages('warm-up.pdf');
    const samples = await interleave({
      rounds: options.quick ? 3 : 15,
      ours: (round) => throughStack(`ours-${round}.pdf`),
      peer: (round) => throughStages(`peer-${round}.pdf`),
      onRound: (round, ours, peer) => say(`  ${ours.toFixed(0)} against ${peer.toFixed(0)} ms inline`),
    });
    watch.stop();
    await inline.close();
    const ratio = ratioOf(samples.ours, samples.peer);
    const added = median(samples.ours.map((ms, round) => ms - samples.peer[round]));
    return [
      {
        figure: this.name,
        measures: this.title,
        unit: 'ms',
        ours: median(samples.ours),
        peer: { name: 'the same stages called inline, without outbox and Temporal', value: median(samples.peer) },
        ratio,
        bar: '<= 1.25x and < 250 ms added',
        met: ratio.median <= 1.25 && added < 250,
        note: `${added.toFixed(0)} ms added`,
      },
    ];
  },
};
