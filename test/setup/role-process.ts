import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { deathSignalPrefix } from '../../apps/spectrad/embedded/death-signal.js';

/** `api-and-worker` is one process with both, as `spectrad dev start` has them. */
export type RoleName = 'api' | 'worker' | 'scheduler' | 'api-and-worker';

/** How a process ended: exactly one of the two is set. */
export interface RoleExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface LogLine {
  readonly msg?: string;
  readonly url?: string | null;
}

/** Longest start of a role on a busy machine. */
const START_MS = 30_000;
const KEPT_LINES = 40;

/** A role of spectrad as a process of its own, from the compiled code in dist/. */
export class RoleProcess {
  /** Resolves when the process is gone and everything that it wrote was read. */
  readonly exited: Promise<RoleExit>;
  /** What it wrote last, for the message of a test that fails. */
  readonly lines: string[] = [];
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #started: Promise<LogLine>;

  constructor(
    readonly role: RoleName,
    child: ChildProcessByStdio<null, Readable, Readable>,
  ) {
    this.#child = child;
    this.exited = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
    this.#started = new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          this.lines.push(line);
          if (this.lines.length > KEPT_LINES) this.lines.shift();
          const entry = parse(line);
          if (entry.msg === `${role} started`) resolve(entry);
        });
      }
    });
  }

  /** Undefined when the process could not be started at all. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Resolves when the role has said that it started; an api answers /health/ready by then.
   * @returns the URL of an api, '' otherwise. Thrown when it ends instead, or takes longer than half a minute.
   */
  async ready(): Promise<string> {
    const first = await Promise.race([
      this.#started,
      this.exited.then((exit) => `ended with ${JSON.stringify(exit)}`),
      sleep(START_MS, 'did not start in time', { ref: false }),
    ]);
    if (typeof first === 'string') throw new Error(`${this.role} ${first}:\n${this.lines.join('\n')}`);
    const url = first.url ?? '';
    if (url !== '') {
      const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
      if (answer.status !== 200) throw new Error(`the api started and is not ready: ${await answer.text()}`);
    }
    return url;
  }

  /** Sends a signal, unless the process is gone already. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<RoleExit> {
    this.signal('SIGKILL');
    return this.exited;
  }

  /** How it ended. Thrown when it still runs after `ms`. */
  async exitWithin(ms: number): Promise<RoleExit> {
    const exit = await Promise.race([this.exited, sleep(ms, null, { ref: false })]);
    if (exit === null) throw new Error(`${this.role} still runs after ${ms} ms:\n${this.lines.join('\n')}`);
    return exit;
  }
}

/** Starts roles over the environment of `testServices` and kills at the end whatever still runs. */
export class RoleProcesses {
  readonly #processes: RoleProcess[] = [];

  constructor(private readonly environment: Readonly<Record<string, string>>) {}

  /** Starts a role; await `ready()` for one that is not meant to die while it starts. */
  async start(role: RoleName, settings: Readonly<Record<string, string>> = {}): Promise<RoleProcess> {
    // A test process that is killed itself takes its roles along, where the kernel can do that.
    const command = [
      ...(await deathSignalPrefix('KILL')),
      process.execPath,
      '--no-warnings',
      ...(role === 'api-and-worker'
        ? [join(process.cwd(), 'test', 'setup', 'api-and-worker.mjs')]
        : [join(process.cwd(), 'dist', 'apps', 'spectrad', 'main.js'), role, 'start']),
    ];
    const child = spawn(command[0] ?? '', command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Readiness is read from the log, so it must be on whatever the level of the test run is.
      env: { ...this.environment, SPECTRA_LOG_LEVEL: 'info', ...settings },
    });
    const started = new RoleProcess(role, child);
    this.#processes.push(started);
    return started;
  }

  /** kill -9 of all that still run; resolves when they are gone. */
  async killAll(): Promise<void> {
    await Promise.all(this.#processes.splice(0).map((started) => started.kill()));
  }
}

function parse(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return {};
  }
}
