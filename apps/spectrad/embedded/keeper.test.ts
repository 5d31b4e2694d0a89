import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deathSignalPrefix } from './death-signal.js';
import { keepEngine, type KeepOptions } from './kept-engine.js';
import { endLeftOvers } from './left-overs.js';
import { endProcess, identify, isRunning, waitForEnd, type ProcessIdentity } from './process-identity.js';

const compiledDir = join(process.cwd(), 'dist', 'apps', 'spectrad', 'embedded');
const END_MS = 5000;
const started: ProcessIdentity[] = [];
let dataDir = '';

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'spectra-keeper-'));
});
afterEach(async () => {
  for (const identity of started.splice(0)) await endProcess(identity, []);
  rmSync(dataDir, { recursive: true });
});

/** An engine that ends on SIGTERM and leaves a word that it did. */
const ORDERLY = 'trap "echo ended in order; exit 0" TERM; echo up; while :; do sleep 0.05; done';
const STUBBORN = 'trap "" TERM; echo up; while :; do sleep 0.05; done';

function options(script: string, prefix: readonly string[] = []): KeepOptions {
  const [command, ...args] = [...prefix, '/bin/sh', '-c', script, dataDir];
  return {
    name: 'temporal',
    dataDir,
    command,
    args,
    address: '127.0.0.1:1',
    stopSteps: [{ signal: 'SIGTERM', waitMs: 500 }],
    compiledDir,
  };
}

async function keep(script: string) {
  const engine = await keepEngine(options(script));
  started.push(engine.engine, engine.keeper);
  while (!engine.logged().includes('up')) await new Promise((resolve) => setImmediate(resolve));
  return engine;
}

interface Family {
  parent: ProcessIdentity;
  keeper: ProcessIdentity;
  engine: ProcessIdentity;
  child: ChildProcess;
}

/** A stack of its own process, so that it can be killed: parent, keeper and engine. */
async function family(script: string): Promise<Family> {
  const program = `
    const { keepEngine } = await import(${JSON.stringify(pathToFileURL(join(compiledDir, 'kept-engine.js')).href)});
    const { engine, keeper, logged } = await keepEngine(${JSON.stringify(options(script, await deathSignalPrefix('KILL')))});
    while (!logged().includes('up')) await new Promise((resolve) => setImmediate(resolve));
    console.log(JSON.stringify({ engine, keeper }));
    setInterval(() => undefined, 1e6);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout })
      .once('line', resolve)
      .once('close', () => {
        reject(new Error('The parent ended without a word.'));
      });
  });
  const pids = JSON.parse(line) as { engine: ProcessIdentity; keeper: ProcessIdentity };
  const parent = identify(child.pid ?? 0);
  started.push(pids.engine, pids.keeper, parent);
  return { ...pids, parent, child };
}

const log = (): string => readFileSync(join(dataDir, 'logs', 'temporal.log'), 'utf8');
const record = (): string => join(dataDir, 'engines', 'temporal.json');

describe('keeper', () => {
  it('ends its engine in order when asked, and leaves no record', async () => {
    const engine = await keep(ORDERLY);
    expect(JSON.parse(readFileSync(record(), 'utf8'))).toMatchObject({
      enginePid: engine.engine.pid,
      engineStartTime: engine.engine.startTime,
      keeperPid: engine.keeper.pid,
    });
    await engine.stop();
    expect(log()).toContain('ended in order');
    expect([engine.engine, engine.keeper].map(isRunning)).toEqual([false, false]);
    expect(existsSync(record())).toBe(false);
  });

  it('kills an engine that does not end within its bound', async () => {
    const engine = await keep(STUBBORN);
    await engine.stop();
    expect(await engine.exited).toEqual({ of: 'engine', code: null, signal: 'SIGKILL' });
  });

  it('tells when the engine ends by itself', async () => {
    const engine = await keep('echo up; sleep 0.2; exit 7');
    expect(await engine.exited).toEqual({ of: 'engine', code: 7, signal: null });
  });

  it('ends its engine in order on SIGTERM to itself', async () => {
    const engine = await keep(ORDERLY);
    process.kill(engine.keeper.pid, 'SIGTERM');
    expect(await engine.exited).toMatchObject({ of: 'engine' });
    expect(log()).toContain('ended in order');
  });

  it('tells when it was killed itself, after the engine is gone', async () => {
    const engine = await keep(ORDERLY);
    process.kill(engine.keeper.pid, 'SIGKILL');
    expect(await engine.exited).toEqual({ of: 'keeper', code: null, signal: 'SIGKILL' });
    expect(isRunning(engine.engine)).toBe(false);
  });

  it('shows what the engine logged since this start, and nothing of earlier ones', async () => {
    const first = await keep('echo "up, after 255 µs, nächster"; sleep 60');
    await first.stop();
    const second = await keep(ORDERLY);
    expect(second.logged()).toBe('up\n');
    await second.stop();
  });

  it('refuses a command that is not there', async () => {
    await expect(keepEngine({ ...options(''), command: '/nowhere/engine' })).rejects.toThrow('ENOENT');
  });

  it('lives in a session of its own, which a Ctrl-C in the terminal does not reach', async () => {
    const engine = await keep(ORDERLY);
    const session = (pid: number): string | undefined =>
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3];
    expect(session(engine.keeper.pid)).toBe(String(engine.keeper.pid));
    expect(session(engine.engine.pid)).toBe(String(engine.keeper.pid));
    await engine.stop();
  });
});

describe('no orphans', () => {
  it('kill -9 of the parent: the keeper ends the engine in order and itself', async () => {
    const { parent, keeper, engine } = await family(ORDERLY);
    process.kill(parent.pid, 'SIGKILL');
    expect(await waitForEnd(engine, END_MS)).toBe(true);
    expect(await waitForEnd(keeper, END_MS)).toBe(true);
    expect(log()).toContain('ended in order');
  });

  it('kill -9 of parent and keeper at once: the kernel ends the engine', async () => {
    const { parent, keeper, engine } = await family(STUBBORN);
    process.kill(parent.pid, 'SIGSTOP');
    process.kill(keeper.pid, 'SIGKILL');
    process.kill(parent.pid, 'SIGKILL');
    expect(await waitForEnd(engine, END_MS)).toBe(true);
  });

  it('the next start ends what is left over, and touches no process of another data directory', async () => {
    const engine = await keep(ORDERLY);
    const lines: string[] = [];
    await endLeftOvers(join(dataDir, 'elsewhere'), (line) => lines.push(line));
    expect(isRunning(engine.engine)).toBe(true);
    await endLeftOvers(dataDir, (line) => lines.push(line));
    expect([engine.engine, engine.keeper].map(isRunning)).toEqual([false, false]);
    expect(lines).toHaveLength(1);
    expect(log()).toContain('ended in order');
  });
});
