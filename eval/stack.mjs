// A stack of the evaluation's own: `spectrad dev start` on free ports, stopped at the end however this process ends.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NODE, ROOT } from '../scripts/set-up.mjs';

/** The last line of a start: credentials are written by then. */
const STARTED = 'Ctrl-C stops everything.';
const START_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 45_000;
const TAIL_CHARS = 4_000;

/** Settings of a shell that would tie the measured stack to stores, addresses or keys that are not its own. */
const NOT_INHERITED =
  /^(SPECTRA_|SPECTRON_|SPECTRAL_)(DATA_DIR|BIND|BIND_ADDRESS|CONTEXT_ID|API_KEY|MANAGEMENT_API_KEY|GENERATION|CONNECTION_STRING|OBJECT_STORE_URL|EMBEDDINGS_\w+|EVAL_DATA)$|^(DATABASE_URL|SURREALDB_CONNECTION|TEMPORAL_\w+)$/;
const SECRET = /KEY|SECRET|PASSWORD|TOKEN/;

const inherited = (env) => Object.entries(env).filter(([name]) => !NOT_INHERITED.test(name));

/** Settings that the shell hands to the stack beyond the defaults: they belong to a figure. */
export function chosenSettings(env) {
  return Object.fromEntries(
    inherited(env).filter(([name, value]) => /^SPECTR(A|ON)_/.test(name) && value !== '' && !SECRET.test(name)),
  );
}

/**
 * Starts a stack over a data directory and waits until it answers.
 *
 * @param {{ dataDir: string, settings: Record<string, string>, onExit: (error: Error) => void, signal: AbortSignal }} options
 *   `onExit` is told when the stack ends by itself
 * @returns {Promise<{ url: string, managementKey: string, stop: () => Promise<void> }>}
 */
export async function startStack({ dataDir, settings, onExit, signal }) {
  signal.throwIfAborted();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // The samples are shown to newcomers once per data directory; here they would only be noise.
  if (!existsSync(join(dataDir, 'first-run.done'))) writeFileSync(join(dataDir, 'first-run.done'), '');
  const child = spawn(
    NODE,
    ['--no-warnings', join(ROOT, 'dist/apps/spectrad/main.js'), 'dev', 'start', '--bootstrap', '--lifeline', '3'],
    {
      cwd: ROOT,
      // A group of its own: a Ctrl-C reaches this process, which stops the stack in order. Should this process be killed,
      // the pipe closes and the stack stops by itself.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(inherited(process.env)),
        ...settings,
        SPECTRA_DATA_DIR: dataDir,
        SPECTRA_BIND_ADDRESS: '127.0.0.1:0',
      },
    },
  );
  let output = '';
  let stopping = false;
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const stop = async () => {
    stopping = true;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  };
  const started = new Promise((resolve) => {
    const listen = (data) => {
      output = (output + data).slice(-TAIL_CHARS);
      if (output.includes(STARTED)) resolve('started');
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
  });
  let timer;
  const outcome = await Promise.race([
    started,
    exited.then(() => 'exited'),
    new Promise((resolve) => (timer = setTimeout(() => resolve('timed out'), START_TIMEOUT_MS))),
    new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted'), { once: true })),
  ]);
  clearTimeout(timer);
  if (outcome !== 'started') {
    await stop();
    signal.throwIfAborted();
    throw new Error(`The stack did not start (${outcome}):\n${output}`);
  }
  void exited.then(() => {
    if (!stopping) onExit(new Error(`The stack ended by itself:\n${output}`));
  });
  const { url, managementApiKey } = JSON.parse(await readFile(join(dataDir, 'credentials.json'), 'utf8'));
  return { url, managementKey: managementApiKey, stop };
}
