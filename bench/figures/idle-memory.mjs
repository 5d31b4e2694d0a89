import { setTimeout as sleep } from 'node:timers/promises';
import { memoryByPart } from '../processes.mjs';

const IDLE_MS = 10_000;

export const idleMemory = {
  name: 'idle-memory',
  title: 'memory of the idle stack',
  async run({ stack, say }) {
    // Fresh, whatever ran before: the demo Context with the samples is all there is.
    await stack.stop();
    await stack.start();
    await sleep(IDLE_MS);
    const parts = Object.entries(memoryByPart(stack.pid)).sort(([, a], [, b]) => b.rss - a.rss);
    if (parts.length === 0) throw new Error('memory is read from /proc, which this system does not have');
    for (const [part, { rss, pss, processes }] of parts)
      say(
        `  ${part.padEnd(14)} ${rss.toFixed(0)} MiB resident, ${pss.toFixed(0)} MiB proportional (${processes} processes)`,
      );
    const total = parts.reduce((sum, [, { pss }]) => sum + pss, 0);
    return [
      {
        figure: this.name,
        measures: 'idle stack, all processes, proportional',
        unit: 'MiB',
        ours: total,
      },
      ...parts.map(([part, { rss, pss, processes }]) => ({
        figure: this.name,
        measures: `idle ${part}, resident`,
        unit: 'MiB',
        ours: rss,
        note: `${pss.toFixed(0)} MiB proportional in ${processes} process${processes === 1 ? '' : 'es'}`,
      })),
    ];
  },
};
