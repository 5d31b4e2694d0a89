import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join, parse } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { KeeperEvent, KeeperSpec } from './keeper-protocol.js';
import { endProcess, identify, isRunning, waitForEnd, type ProcessIdentity } from './process-identity.js';

export type EngineName = 'postgres' | 'surrealdb' | 'temporal';

/** How an engine ended: `of` says whether the engine itself ended or its keeper was killed. */
export interface ExitInfo {
  readonly of: 'engine' | 'keeper';
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a keeper is told, except where it records: that follows from the data directory and the name. */
export interface KeepOptions extends Omit<KeeperSpec, 'recordFile'> {
  readonly name: EngineName;
  readonly dataDir: string;
  /** Folder of the compiled keeper; the default is right in dist/, tests that run the sources name it. */
  readonly compiledDir?: string;
}

export interface KeptEngine {
  readonly name: EngineName;
  readonly engine: ProcessIdentity;
  readonly keeper: ProcessIdentity;
  /** Resolves when the engine is gone, whatever ended it. */
  readonly exited: Promise<ExitInfo>;
  /** What the engine has logged since this start. */
  logged(): string;
  readonly logFile: string;
  /** Ends the engine by its stop steps, then by SIGKILL; resolves when engine and keeper are gone. */
  stop(): Promise<void>;
}

/** A log that has grown beyond this is moved aside (one old file is kept) before the engine starts. */
const MAX_LOG_BYTES = 5 * 1024 * 1024;

/** Path of one of our own compiled files beside this one. */
export function compiledFile(name: string, compiledDir?: string): string {
  return compiledDir === undefined ? fileURLToPath(new URL(`./${name}`, import.meta.url)) : join(compiledDir, name);
}

function openLog(dataDir: string, name: EngineName): { path: string; fd: number; from: number } {
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'logs', `${name}.log`);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
  return { path, fd: openSync(path, 'a', 0o600), from: size > MAX_LOG_BYTES ? 0 : size };
}

/** The text of a file from a byte offset on. */
function readFrom(path: string, offset: number): string {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(fstatSync(fd).size - offset, 0));
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(fd);
  }
}

/**
 * Starts an engine under its own keeper and returns as soon as the engine's process exists (not: is ready).
 *
 * Thrown when the engine's command cannot be started at all.
 */
export async function keepEngine(options: KeepOptions): Promise<KeptEngine> {
  const log = openLog(options.dataDir, options.name);
  mkdirSync(join(options.dataDir, 'engines'), { recursive: true, mode: 0o700 });
  // The data directory stands in the command line so that a left-over keeper can be told from any other process.
  const child = spawn(
    process.execPath,
    [compiledFile('keeper.js', options.compiledDir), options.name, options.dataDir],
    {
      detached: true,
      cwd: parse(options.dataDir).root,
      stdio: ['pipe', 'pipe', log.fd],
    },
  );
  closeSync(log.fd);
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error('The pipes to the keeper are missing.');
  stdin.on('error', () => undefined);
  const spec: KeeperSpec = {
    command: options.command,
    args: options.args,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    ...(options.input === undefined ? {} : { input: options.input }),
    address: options.address,
    recordFile: join(options.dataDir, 'engines', `${options.name}.json`),
    stopSteps: options.stopSteps,
  };
  stdin.write(`${JSON.stringify(spec)}\n`);

  let engineExit: ExitInfo | undefined;
  let engine: ProcessIdentity | undefined;
  const keeperExit = new Promise<ExitInfo>((resolve) => {
    child.once('close', (code, signal) => {
      resolve(engineExit ?? { of: 'keeper', code, signal });
    });
  });
  const started = new Promise<ProcessIdentity>((resolve, reject) => {
    child.once('error', reject);
    void keeperExit.then(() => {
      reject(new Error(`The keeper of ${options.name} ended at once; see ${log.path}.`));
    });
    createInterface({ input: stdout }).on('line', (line) => {
      const event = JSON.parse(line) as KeeperEvent;
      if (event.event === 'started') {
        engine = event.engine;
        resolve(event.engine);
      } else if (event.event === 'failed') reject(new Error(event.message));
      else engineExit = { of: 'engine', code: event.code, signal: event.signal };
    });
  });
  const identity = await started;
  const keeper = identify(child.pid ?? 0);
  const exited = keeperExit.then(async (info) => {
    // A keeper that was killed leaves its engine to the kernel's death signal where there is one, and to us elsewhere.
    if (engine && isRunning(engine)) await endProcess(engine, options.stopSteps);
    return info;
  });
  const boundMs = options.stopSteps.reduce((sum, step) => sum + step.waitMs, 3000);
  return {
    name: options.name,
    engine: identity,
    keeper,
    exited,
    logFile: log.path,
    logged: () => readFrom(log.path, log.from),
    async stop() {
      stdin.end('stop\n');
      if (!(await waitForEnd(identity, boundMs))) await endProcess(identity, []);
      if (!(await waitForEnd(keeper, 2000))) await endProcess(keeper, []);
      await exited;
    },
  };
}
