import { spawn } from 'node:child_process';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface GoBuildOptions {
  /** Path of the `go` command. */
  readonly go: string;
  /** Folder of go.mod and go.sum, which pin the server. It is only read. */
  readonly moduleDir: string;
  readonly target: string;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';
const PROGRESS_MS = 5000;

/** The Go version that the pinned module asks for. */
export function requiredGoVersion(moduleDir: string): string {
  return /^go (\S+)/m.exec(readFileSync(join(moduleDir, 'go.mod'), 'utf8'))?.[1] ?? 'current';
}

/** Flags on the command line win over the user's GOFLAGS and leave the rest of them in force. */
function buildArguments(output: string): string[] {
  const reproducible = ['-mod=readonly', '-modcacherw', '-buildvcs=false', '-trimpath', '-ldflags=-s -w'];
  return ['build', ...reproducible, '-o', output, PACKAGE];
}

/**
 * Builds the Temporal server of temporal/go.mod and moves it to `target` in one step.
 *
 * Thrown when Go fails; the message is its last line.
 */
export async function buildWithGo(options: GoBuildOptions): Promise<void> {
  const output = `${options.target}.building-${process.pid}`;
  // Through env(1): a go.work in a folder above must not take part, and there is no flag for that.
  const child = spawn('env', ['GOWORK=off', options.go, ...buildArguments(output)], {
    cwd: options.moduleDir,
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: options.signal,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  const begin = performance.now();
  const report = (): void => {
    options.onProgress(
      `Building the Temporal server with Go: ${Math.round((performance.now() - begin) / 1000)} s (about three minutes, once).`,
    );
  };
  report();
  const timer = setInterval(report, PROGRESS_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve();
        else
          reject(
            new Error(`go build failed: ${said.trim().split('\n').at(-1)?.trim() ?? `exit code ${code ?? 'none'}`}`),
          );
      });
    });
    renameSync(output, options.target);
  } finally {
    clearInterval(timer);
    rmSync(output, { force: true });
  }
}
