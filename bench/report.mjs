import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import prettier from 'prettier';
import { ROOT } from '../scripts/set-up.mjs';
import { describeCommit } from './machine.mjs';

const LATEST = join(ROOT, 'docs', 'benchmarks', 'latest.json');

/** Three digits that mean something: 12,345 - 812 - 45.2 - 3.21 */
function number(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function cells(row) {
  if (row.failed !== undefined) return [row.measures, '-', '-', '-', '-', 'FAILED'];
  return [
    row.measures,
    `${number(row.ours)} ${row.unit}`,
    row.peer ? number(row.peer.value) : '-',
    row.ratio ? `${number(row.ratio.median)}x (${number(row.ratio.low)}-${number(row.ratio.high)})` : '-',
    row.bar ?? 'measured',
    row.met === undefined ? '' : row.met ? (row.aim === false ? 'met, aim not' : 'met') : 'MISSED',
  ];
}

/** One table for people: figure, ours, peer, ratio with its spread over the rounds, bar, verdict. */
export function printTable(rows) {
  const table = [['figure', 'measured', 'peer', 'ratio (spread)', 'bar', ''], ...rows.map(cells)];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  const lines = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  process.stdout.write(`\n${lines.join('\n')}\n`);
  for (const { measures, note, failed } of rows) {
    if (note !== undefined) process.stdout.write(`  ${measures}: ${note}\n`);
    if (failed !== undefined) process.stdout.write(`  ${measures}: failed: ${failed}\n`);
  }
}

function rounded(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(4));
  if (Array.isArray(value)) return value.map(rounded);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
}

/** Writes the report: a full run to docs/benchmarks/latest.json, any other only where --output says. */
export async function writeReport({ rows, machine, options, seconds, say }) {
  const file = options.output ?? (options.isFull ? LATEST : null);
  if (file === null) {
    say('\nNot written: only a full run replaces docs/benchmarks/latest.json (--output writes any run elsewhere).');
    return;
  }
  const report = {
    date: new Date().toISOString().slice(0, 10),
    commit: await describeCommit(),
    seed: options.seed,
    quick: options.quick,
    seconds,
    machine,
    figures: rows,
  };
  const config = await prettier.resolveConfig(LATEST);
  await writeFile(file, await prettier.format(JSON.stringify(rounded(report)), { ...config, parser: 'json' }));
  say(`\nWritten to ${file === LATEST ? 'docs/benchmarks/latest.json' : file} after ${seconds.toFixed(0)} s.`);
}
