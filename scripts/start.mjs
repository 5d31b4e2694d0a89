// `npm start`: set-up, then the whole stack in the foreground. The server holds the reading end of a pipe that this
// process keeps open: however this process ends, the server notices and stops.
import { join } from 'node:path';
import { ROOT, runNode, setUp } from './set-up.mjs';

await setUp();

let server;
const parent = process.ppid;
// npm, the shell and the terminal all deliver signals; the server takes the first. This process only waits for it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => server?.kill('SIGTERM'));
process.on('SIGHUP', () => server?.kill('SIGTERM'));
setInterval(() => {
  if (process.ppid !== parent) server?.kill('SIGTERM');
}, 1_000).unref();

const args = ['dev', 'start', '--bootstrap', '--lifeline', '3', ...process.argv.slice(2)];
process.exitCode = await runNode(['--no-warnings', join(ROOT, 'dist', 'apps', 'spectrad', 'main.js'), ...args], {
  stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  onSpawn: (child) => (server = child),
});
