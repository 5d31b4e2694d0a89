import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../scripts/set-up.mjs';
import { Context } from './context.mjs';
import { openDatabase } from './database.mjs';

const START_MS = 120_000;
const STOP_MS = 30_000;

/** A stack as `npm start` starts it, in a data directory and on ports of its own. Started when a figure first asks for it. */
export class Stack {
  #child;
  #exited = Promise.resolve();
  #output = [];
  #port;
  #closers = new Set();
  #closed = false;

  /** @param {string} dataDir @param {(line: string) => void} say */
  constructor(dataDir, say) {
    this.dataDir = dataDir;
    this.say = say;
  }

  /** The first start makes the stores and loads the samples; it is waited for, so that what is measured is warm. */
  async prepare() {
    this.say('Starting a stack of its own (first start) ...');
    await this.start();
    const done = join(this.dataDir, 'first-run.done');
    for (const until = performance.now() + START_MS; !existsSync(done); await sleep(100)) {
      if (performance.now() > until) throw new Error(`The first run did not finish:\n${this.#output.join('\n')}`);
    }
  }

  /** Seconds from `npm start` (its script, with its set-up check) to "is ready". */
  async start() {
    if (this.#closed) throw new Error('The bench is stopping.');
    this.#port ??= await freePort();
    const began = performance.now();
    this.#output = [];
    this.#child = spawn(process.execPath, ['--no-warnings', join(ROOT, 'scripts', 'start.mjs')], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: a Ctrl-C reaches it through `close`, in order.
      detached: true,
      env: environment({ SPECTRA_DATA_DIR: this.dataDir, SPECTRA_BIND_ADDRESS: `127.0.0.1:${this.#port}` }),
    });
    this.#exited = new Promise((resolve) => this.#child.once('close', resolve));
    const ready = new Promise((resolve) => {
      for (const stream of [this.#child.stdout, this.#child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          this.#output.push(text);
          if (this.#output.length > 50) this.#output.shift();
          if (/is ready at/.test(text)) resolve('ready');
        });
      }
    });
    const first = await Promise.race([
      ready,
      this.#exited.then(() => 'ended'),
      sleep(START_MS, 'took too long', { ref: false }),
    ]);
    if (first !== 'ready') throw new Error(`The stack ${first}:\n${this.#output.join('')}`);
    return (performance.now() - began) / 1000;
  }

  async stop() {
    if (this.#child === undefined) return;
    this.#child.kill('SIGTERM');
    const ended = await Promise.race([this.#exited.then(() => true), sleep(STOP_MS, false, { ref: false })]);
    if (!ended) this.#child.kill('SIGKILL');
    this.#child = undefined;
  }

  /** Closes what figures opened, then stops the stack. It cannot be started again. */
  async close() {
    this.#closed = true;
    await Promise.allSettled([...this.#closers].map((close) => close()));
    await this.stop();
  }

  /** Has `close` called at the end, unless it was called before. @returns the same, to be called by whoever is done */
  closing(close) {
    const once = async () => {
      if (this.#closers.delete(once)) await close();
    };
    this.#closers.add(once);
    return once;
  }

  get pid() {
    return this.#child.pid;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  get addresses() {
    return this.#json('stack.json').addresses;
  }

  get credentials() {
    return this.#json('credentials.json');
  }

  /** What a process needs to work on these stores, as environment variables. */
  get environment() {
    const { postgresPassword, surrealPassword, keyHashSecret } = this.#json('secrets.json');
    const { postgres, surrealdb, temporal } = this.addresses;
    return {
      DATABASE_URL: `postgres://spectra:${encodeURIComponent(postgresPassword)}@${postgres}/spectra`,
      SURREALDB_CONNECTION: `ws://${surrealdb};root;${surrealPassword}`,
      TEMPORAL_ADDRESS: temporal,
      SPECTRA_KEY_HASH_SECRET: keyHashSecret,
    };
  }

  /** A migrated Postgres database on the stack's cluster that nothing else uses. */
  database() {
    return openDatabase(this);
  }

  /** A Context of its own, empty. */
  context() {
    return Context.create(this, `bench-${randomBytes(4).toString('hex')}`);
  }

  #json(name) {
    return JSON.parse(readFileSync(join(this.dataDir, name), 'utf8'));
  }
}

/** The caller's environment without settings of a stack that it may use otherwise. */
function environment(settings) {
  const kept = Object.entries(process.env).filter(
    ([name]) => name === 'SPECTRA_CACHE_DIR' || !/^(SPECTR|DATABASE_URL|SURREALDB_|TEMPORAL_)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...settings };
}

/** Below the range that systems hand out by themselves: the engines choose theirs there a moment later. */
async function freePort() {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = 20_000 + randomInt(10_000);
    if (await isFree(port)) return port;
  }
  throw new Error('There is no free port for the api of the bench.');
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
