// `npm run eval`: set-up, one evaluation, its figures. Runs on any Node >= 20; the stack runs on the project's own.
import { setUp } from '../scripts/set-up.mjs';
import { evaluate } from './evaluation.mjs';
import { HELP, readOptions } from './options.mjs';
import { forTerminal } from './tables.mjs';
import { UsageError } from './usage-error.mjs';

const log = (line) => process.stderr.write(`${line}\n`);

function stopOnSignals() {
  const stopping = new AbortController();
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]) {
    process.on(signal, () => {
      // npm hands on the signal that the terminal has sent already, so later ones change nothing.
      process.exitCode = code;
      stopping.abort(new UsageError('Stopped.'));
    });
  }
  return stopping;
}

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(`${HELP}\n`);
  } else {
    const stopping = stopOnSignals();
    await setUp();
    const result = await evaluate(options, log, stopping);
    process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : forTerminal(result)}\n`);
    if (options.write) {
      const { writeReport } = await import('./written-report.mjs');
      for (const path of await writeReport(result)) log(`Wrote ${path}.`);
    }
  }
} catch (error) {
  log(error instanceof UsageError ? error.message : `The evaluation failed: ${error.stack ?? error}`);
  process.exitCode ||= 1;
}
