import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { Surreal } from 'surrealdb';
import { loadSettings } from '#libs/config/index.js';
import { findTemporalServer } from '../../../temporal/server-binary.js';
import { SEARCH_ATTRIBUTES } from '../../../temporal/search-attributes.js';
import type { Engines } from './engines.js';
import { endProcess, identify, isRunning, waitForEnd, type ProcessIdentity } from './process-identity.js';

const compiledDir = join(process.cwd(), 'dist', 'apps', 'spectrad', 'embedded');
const running: ProcessIdentity[] = [];
let dataDir = '';

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'spectra-engines-'));
});
afterEach(async () => {
  for (const identity of running.splice(0)) await endProcess(identity, [{ signal: 'SIGTERM', waitMs: 10_000 }]);
  rmSync(dataDir, { recursive: true });
});

interface Stack {
  readonly child: ChildProcess;
  readonly engines: Pick<Engines, 'postgres' | 'surrealdb' | 'temporal'> & {
    kept: { name: string; engine: ProcessIdentity; keeper: ProcessIdentity }[];
  };
  /** Everything that it started, itself included. */
  readonly processes: ProcessIdentity[];
  /** Lines that it wrote after it was ready. */
  readonly lines: string[];
  nextLine(): Promise<string>;
}

async function temporalBinary(): Promise<string> {
  const moduleDir = fileURLToPath(new URL('../../../temporal', import.meta.url));
  const found = await findTemporalServer({
    cacheDir: loadSettings(process.env).SPECTRA_CACHE_DIR,
    moduleDir,
    onProgress: () => undefined,
  });
  return found.path;
}

/** Starts the engines from a process of its own, as `npm start` does, so that everything can be killed. */
async function start(temporal: object): Promise<Stack> {
  const options = {
    dataDir,
    temporal,
    ports: { postgres: 35_432, surrealdb: 38_000, temporal: 37_233, temporalUi: 38_233 },
  };
  const program = `
    const { startEngines } = await import(${JSON.stringify(pathToFileURL(join(compiledDir, 'engines.js')).href)});
    const onExit = (name, info) => console.log(JSON.stringify({ name, ...info }));
    try {
      const engines = await startEngines({ ...${JSON.stringify(options)}, log: () => undefined, onExit });
      process.on('SIGTERM', () => void engines.stop().then(() => process.exit(0)));
      console.log(JSON.stringify(engines));
      setInterval(() => undefined, 1e6);
    } catch (error) {
      console.log(JSON.stringify({ refused: error.message }));
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(identify(child.pid ?? 0));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const first = await new Promise<string>((resolve, reject) => {
    reader.once('line', resolve).once('close', () => {
      reject(new Error('The stack ended without a word.'));
    });
  });
  reader.on('line', (line) => lines.push(line));
  const answer = JSON.parse(first) as Stack['engines'] & { refused?: string };
  if (answer.refused !== undefined) throw new Error(answer.refused);
  const processes = [identify(child.pid ?? 0), ...answer.kept.flatMap(({ engine, keeper }) => [engine, keeper])];
  return {
    child,
    engines: answer,
    processes,
    lines,
    nextLine: () => new Promise((resolve) => reader.once('line', resolve)),
  };
}

async function kill9(processes: readonly ProcessIdentity[]): Promise<void> {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended by the death of the one before it.
    }
  }
  for (const identity of processes) await waitForEnd(identity, 5000);
}

async function withPostgres<T>(stack: Stack, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: stack.engines.postgres.url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function withSurreal<T>(stack: Stack, use: (client: Surreal) => Promise<T>): Promise<T> {
  const { url, user, password } = stack.engines.surrealdb;
  const client = new Surreal();
  await client.connect(url, { namespace: 'test', database: 'test', authentication: { username: user, password } });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

const NO_TEMPORAL = { address: '127.0.0.1:1' };

describe('startEngines', () => {
  it('keeps all data through kill -9 of everything, and starts again by itself', async () => {
    const binary = await temporalBinary();
    const first = await start({ binary });
    await withPostgres(first, (client) =>
      client.query('CREATE TABLE kept (n int); INSERT INTO kept VALUES (41), (42)'),
    );
    await withSurreal(first, (client) => client.query('DEFINE TABLE kept; CREATE kept:one SET n = 42'));
    await kill9(first.processes);
    expect(first.processes.filter(isRunning)).toEqual([]);

    const second = await start({ binary });
    expect(
      await withPostgres(second, async (client) => (await client.query<object>('SELECT sum(n) FROM kept')).rows),
    ).toEqual([{ sum: '83' }]);
    expect(await withSurreal(second, (client) => client.query('SELECT VALUE n FROM kept'))).toEqual([[42]]);
    const connection = await Connection.connect({ address: second.engines.temporal.address });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)));
    await connection.close();
    expect((await fetch(second.engines.temporal.uiUrl ?? '')).status).toBe(200);

    process.kill(second.child.pid ?? 0, 'SIGTERM');
    expect(await Promise.all(second.processes.map((identity) => waitForEnd(identity, 10_000)))).toEqual(
      second.processes.map(() => true),
    );
  }, 60_000);

  it('leaves nothing running after kill -9 of the parent alone', async () => {
    const { child, processes } = await start(NO_TEMPORAL);
    process.kill(child.pid ?? 0, 'SIGKILL');
    expect(await Promise.all(processes.map((identity) => waitForEnd(identity, 10_000)))).toEqual(
      processes.map(() => true),
    );
  });

  it('leaves no engine after kill -9 of parent and keepers', async () => {
    const { child, engines } = await start(NO_TEMPORAL);
    await kill9([identify(child.pid ?? 0), ...engines.kept.map(({ keeper }) => keeper)]);
    expect(await Promise.all(engines.kept.map(({ engine }) => waitForEnd(engine, 10_000)))).toEqual([true, true]);
    const again = await start(NO_TEMPORAL);
    await withPostgres(again, (client) => client.query('SELECT 1'));
  });

  it('tells once which engine ended while nobody stopped it', async () => {
    const stack = await start(NO_TEMPORAL);
    const surreal = stack.engines.kept.find(({ name }) => name === 'surrealdb');
    const told = stack.nextLine();
    await kill9(surreal ? [surreal.engine] : []);
    await told;
    process.kill(stack.child.pid ?? 0, 'SIGTERM');
    await waitForEnd(identify(stack.child.pid ?? 0), 10_000);
    expect(stack.lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { name: 'surrealdb', of: 'engine', code: null, signal: 'SIGKILL' },
    ]);
  });

  it('refuses a second stack on the same data directory with the pid of the first', async () => {
    const { child } = await start(NO_TEMPORAL);
    await expect(start(NO_TEMPORAL)).rejects.toThrow(`(pid ${child.pid ?? 0})`);
  });

  it('gives the application a role that owns its database, may make others, and is no superuser', async () => {
    const stack = await start(NO_TEMPORAL);
    const role = await withPostgres(
      stack,
      async (client) =>
        (await client.query<object>('SELECT rolname, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user'))
          .rows,
    );
    expect(role).toEqual([{ rolname: 'spectra', rolsuper: false, rolcreatedb: true }]);
    const url = new URL(stack.engines.postgres.url);
    url.password = 'wrong';
    await expect(new pg.Client({ connectionString: url.href }).connect()).rejects.toThrow(
      /password authentication failed/,
    );
  });
});
