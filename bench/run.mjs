// `npm run bench`: set-up, then the figures on engines of its own. `npm run bench -- --help` lists the options.
import { join } from 'node:path';
import { ROOT, runNode, setUp } from '../scripts/set-up.mjs';

await setUp();

let bench;
// The terminal's Ctrl-C reaches the bench too, which stops its engines; this process only waits for it.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => bench?.kill('SIGTERM'));

process.exitCode = await runNode(['--no-warnings', join(ROOT, 'bench', 'bench.mjs'), ...process.argv.slice(2)], {
  onSpawn: (child) => (bench = child),
});
