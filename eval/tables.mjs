// Figures as rows of text, for the terminal and for Markdown alike.
import { METRICS } from './metrics.mjs';

const share = (value) => value.toFixed(3).replace(/^(-?)0\./, '$1.');
const signed = (value) => `${value < 0 ? '' : '+'}${share(value)}`;
const interval = ({ mean, low, high }) => `${share(mean)} (${share(low)} to ${share(high)})`;
const difference = ({ mean, low, high }) => `${signed(mean)} (${signed(low)} to ${signed(high)})`;
const ms = (value) => value.toFixed(value < 100 ? 1 : 0);

const PARTS = { whole: 'whole set', first: 'first half', second: 'second half' };
const ROWS = [
  ['service', 'service', interval],
  ['stemmed', 'BM25, stems, no stop words', interval],
  ['plain', 'BM25, plain words', interval],
  ['service - stemmed', 'service - BM25 (stems)', difference],
  ['service - plain', 'service - BM25 (plain)', difference],
];

/** One table per part of the set: `{ title, head, rows }`, all text. */
export function scoreTables({ scores }) {
  return Object.entries(scores).map(([part, summary]) => ({
    title: `${PARTS[part]}, ${summary.questions} questions: mean (95 % interval)`,
    head: ['', ...METRICS],
    rows: ROWS.map(([name, label, format]) => [label, ...METRICS.map((metric) => format(summary[name][metric]))]),
  }));
}

/** What each signal is worth; null when it was not asked for. */
export function ablationTable({ ablation }) {
  if (!ablation) return null;
  const shown = METRICS.filter((metric) => /^(recall|mrr)/.test(metric));
  return {
    title: 'without a signal: mean, and difference to the full system (95 % interval)',
    head: ['without', ...shown, 'first 10 changed'],
    rows: ablation.map(({ without, metrics, difference: change, changed, seen }) => [
      without === null ? 'nothing (asked again)' : `${without}${seen ? '' : ' (in no hit)'}`,
      ...shown.map((metric) => `${share(metrics[metric].mean)}, ${difference(change[metric])}`),
      `${(changed * 100).toFixed(0)} %${changed === 0 && without !== null ? ': worthless here' : ''}`,
    ]),
  };
}

/** What was measured, as pairs of a name and its value. */
export function facts(result) {
  const { data, service, machine, method, ingest, latencyMs } = result;
  const settings = Object.entries(service.settings ?? {});
  return [
    ['data', `${result.set}, sha256 ${data.sha256}`],
    ...Object.entries(data.files).map(([name, hash]) => [name, `sha256 ${hash}`]),
    [
      'loaded',
      `${data.passages} passages as ${method.as}${data.complete ? '' : ' (not the whole set)'}: accepted in ${ingest.acceptSeconds.toFixed(1)} s, ready in ${ingest.readySeconds.toFixed(1)} s, ${ingest.passagesPerSecond.toFixed(1)} passages/s, ${method.parallel} at a time, at ${ingest.loadedAt}${service.codeHash && service.codeHash !== ingest.loadedBy ? ` by other code (${ingest.loadedBy.slice(0, 12)})` : ''}`,
    ],
    [
      'asked',
      `${latencyMs.questions} questions${method.half ? ` (the ${method.half} half)` : ''} by ${method.route === 'documents' ? 'documents/query' : 'query'}, k ${method.k}, one client${method.typos > 0 ? `, with typos in ${method.typos * 100} % of the longer words` : ''}`,
    ],
    ['latency', `p50 ${ms(latencyMs.p50)} ms, p95 ${ms(latencyMs.p95)} ms, max ${ms(latencyMs.max)} ms`],
    ['fewer than 10', `${result.questionsWithFewerThan10Passages} questions got fewer than 10 different passages`],
    ['bootstrap', `seed ${method.seed}, ${method.resamples} resamples`],
    [
      'embeddings',
      service.embedding ? `${service.embedding.model}, ${service.embedding.dimensions} dimensions` : 'not known',
    ],
    [
      'service',
      `${service.version}, commit ${service.commit}${service.codeHash ? `, code ${service.codeHash.slice(0, 12)}` : ''}`,
    ],
    ...(settings.length > 0 ? [['settings', settings.map(([name, value]) => `${name}=${value}`).join(' ')]] : []),
    ['machine', `${machine.cores} cores, ${machine.cpu}`],
    ['date', result.date],
  ];
}

function aligned({ title, head, rows }) {
  const widths = head.map((_cell, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  return [title, line(head), ...rows.map(line)].join('\n');
}

/** Everything as text for a terminal. */
export function forTerminal(result) {
  const named = facts(result).map(([name, value]) => `${name.padEnd(16)} ${value}`);
  const tables = [...scoreTables(result), ablationTable(result)].filter(Boolean).map(aligned);
  return [named.join('\n'), ...tables].join('\n\n');
}
