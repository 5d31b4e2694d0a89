// What each signal is worth: the same questions over the same data with that signal left out of recall.
import { summarise, measureAll } from './scores.mjs';

const SETTING = 'SPECTRA_RECALL_WEIGHTS';
const TOP = 10;

/** The signals that the built recall knows. */
export async function knownSignals() {
  const { RECALL_SIGNALS } = await import('../dist/libs/recall/index.js');
  return RECALL_SIGNALS;
}

const changed = (ranked, others) =>
  ranked.filter((list, index) => list.slice(0, TOP).join(' ') !== others[index].slice(0, TOP).join(' ')).length;

/**
 * Asks the full system once more, then once without each signal. The repetition shows how much changes by itself.
 *
 * @param {{ full: string[][], questions: object[], seed: number, log: (line: string) => void,
 *   askWithout: (settings: Record<string, string>) => Promise<{ ranked: string[][], signals: Set<string> }> }} options
 *   `full` are the ranked passages of the full system
 * @returns one row per signal: its metrics, the difference to the full system, and the share of the questions whose
 *   first 10 passages are others or in another order
 */
export async function ablate({ full, questions, seed, log, askWithout }) {
  const row = (without, ranked) => {
    const systems = { full: measureAll(full, questions), reduced: measureAll(ranked, questions) };
    const { reduced, difference } = summarise(systems, [['difference', 'reduced', 'full']], seed);
    return { without, metrics: reduced, difference, changed: changed(ranked, full) / questions.length };
  };
  const again = await askWithout({});
  const rows = [row(null, again.ranked)];
  for (const signal of new Set([...(await knownSignals()), ...again.signals])) {
    log(`Asking without ${signal} ...`);
    const answer = await askWithout({ [SETTING]: `${signal}=0` });
    if (answer.signals.has(signal))
      throw new Error(
        `The service still uses "${signal}" although ${SETTING} gives it no weight; its row would say nothing.`,
      );
    rows.push({ ...row(signal, answer.ranked), seen: again.signals.has(signal) });
  }
  return rows;
}
