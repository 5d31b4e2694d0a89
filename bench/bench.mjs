// Runs the figures one after the other on one stack of its own, prints one table and writes docs/benchmarks/latest.json.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIGURES } from './figures.mjs';
import { describeMachine } from './machine.mjs';
import { readOptions } from './options.mjs';
import { printTable, writeReport } from './report.mjs';
import { Stack } from './stack.mjs';

const say = (line) => process.stderr.write(`${line}\n`);
const options = readOptions(process.argv.slice(2), FIGURES);
const folder = await mkdtemp(join(tmpdir(), 'spectra-bench-'));
const stack = new Stack(join(folder, 'data'), say);

let stopping;
/** Ends everything that was started; also what a signal calls. */
function stop() {
  stopping ??= (async () => {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  })();
  return stopping;
}
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, () => {
    if (stopping === undefined) say('Stopping ...');
    void stop().finally(() => process.exit(code));
  });
}

const began = performance.now();
const rows = [];
try {
  await stack.prepare(options);
  for (const figure of options.figures) {
    say(`\n${figure.name}: ${figure.title}`);
    const since = performance.now();
    try {
      rows.push(...(await figure.run({ stack, options, folder, say })));
    } catch (error) {
      if (stopping !== undefined) break;
      say(error.stack ?? String(error));
      rows.push({ figure: figure.name, measures: figure.title, failed: error.message });
    }
    say(`  (${((performance.now() - since) / 1000).toFixed(0)} s)`);
  }
  if (stopping === undefined) {
    const machine = await describeMachine(stack);
    printTable(rows);
    await writeReport({ rows, machine, options, seconds: (performance.now() - began) / 1000, say });
  }
} catch (error) {
  if (stopping === undefined) say(error.stack ?? String(error));
  process.exitCode = 1;
} finally {
  await stop();
}
if (rows.some((row) => row.failed !== undefined)) process.exitCode = 1;
if (options.check && rows.some((row) => row.met === false)) process.exitCode = 1;
// What a figure left open (a keep-alive connection) must not keep the process.
process.exit();
