import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '../setup/api-for-test.js';

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** What one `npm start` wrote, and how to end it. */
export class Stack {
  readonly lines: string[] = [];
  readonly ended: Promise<number | null>;
  readonly #pid: number;

  constructor(folder: string, environment: Readonly<Record<string, string>>) {
    const child = spawn('npm', ['start'], {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    this.ended = once(child, 'exit').then(([code]) => code as number | null);
  }

  /** Waits for a line. Thrown with everything that was written when it does not come. */
  async line(pattern: RegExp, timeoutMs: number): Promise<string> {
    try {
      return await until(
        String(pattern),
        () => Promise.resolve(this.lines.find((line) => pattern.test(line))),
        timeoutMs,
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${this.lines.join('\n')}`, { cause: error });
    }
  }

  /** Signals the whole process group, as a terminal does. */
  signal(signal: NodeJS.Signals): void {
    process.kill(-this.#pid, signal);
  }
}

/** A copy of what is in the working tree, as a clone would have it, with the installed packages of this one. */
export class FreshCopy {
  private constructor(readonly folder: string) {}

  static async make(): Promise<FreshCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'spectra-newcomer-'));
    const { stdout } = await run('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
      cwd: PROJECT,
      maxBuffer: 1 << 24,
    });
    for (const file of stdout.split('\0').filter((name) => name !== '' && !name.startsWith('node_modules'))) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      // A file that was deleted but not committed as deleted is still listed.
      await cp(join(PROJECT, file), join(folder, file)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    }
    await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
    return new FreshCopy(folder);
  }

  /** The environment of a person's shell: nothing of this test run or of a configured deployment. */
  environment(more: Readonly<Record<string, string>>): Record<string, string> {
    const own = Object.entries(process.env).filter(
      ([name, value]) =>
        value !== undefined &&
        !/^(SPECTRA|SPECTRON|SPECTRAL|DATABASE_URL|SURREALDB|TEMPORAL|NODE_|npm_|JEST)/.test(name),
    );
    return { ...(Object.fromEntries(own) as Record<string, string>), ...more };
  }

  start(more: Readonly<Record<string, string>>): Stack {
    return new Stack(this.folder, this.environment(more));
  }

  /** Runs the CLI in this folder. */
  async cli(
    args: readonly string[],
    more: Readonly<Record<string, string>>,
  ): Promise<{ code: number; json: unknown; text: string }> {
    const main = join(this.folder, 'dist', 'apps', 'cli', 'main.js');
    const node = join(this.folder, 'node_modules', '.bin', 'node');
    try {
      const { stdout } = await run(node, [main, ...args, '--json'], { cwd: this.folder, env: this.environment(more) });
      return { code: 0, json: JSON.parse(stdout), text: stdout };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, json: null, text: `${stdout}${stderr}` };
    }
  }

  /** Every process that was started from this folder, is in it, or has it in its command line. */
  async processes(): Promise<number[]> {
    const found: number[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      const cwd = await readlink(`/proc/${name}/cwd`).catch(() => '');
      const state = /^State:\s+(\w)/m.exec(await readFile(`/proc/${name}/status`, 'utf8').catch(() => ''))?.[1];
      if (state !== undefined && state !== 'Z' && (command.includes(this.folder) || cwd.startsWith(this.folder)))
        found.push(Number(name));
    }
    return found;
  }

  async killEverything(): Promise<void> {
    for (const pid of await this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    }
  }

  /** No process of this folder is left. */
  async quiet(timeoutMs: number): Promise<void> {
    await until(
      'every process of the stack to end',
      async () => ((await this.processes()).length === 0 ? true : null),
      timeoutMs,
    );
  }

  async remove(): Promise<void> {
    await this.killEverything();
    await this.quiet(5_000);
    await rm(this.folder, { recursive: true, force: true });
  }
}
