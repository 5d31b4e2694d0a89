import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { SpectraError } from '#libs/contracts/index.js';
import { buildWithGo, requiredGoVersion } from './go-build.js';
import { downloadOfficial } from './official-download.js';
import { prepareOnce } from './preparation-lock.js';

export interface FindTemporalServerOptions {
  /** The user's cache folder of Spectra (libs/config: SPECTRA_CACHE_DIR); outside the repository, shared by all checkouts. */
  readonly cacheDir: string;
  /** Folder of the go.mod that pins the server. */
  readonly moduleDir: string;
  /** Folders to search for `temporal` and `go`, in the form of the variable PATH; the default is that variable. */
  readonly path?: string;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface TemporalServerBinary {
  readonly path: string;
  readonly origin: 'path' | 'cache' | 'download' | 'build';
}

/** Version of the Temporal CLI that go.mod pins, and that is asked for when downloading. */
const CLI_VERSION = '1.8.2';

/** Absolute path of a command; null when there is none. */
async function findCommand(name: string, path: string | undefined): Promise<string | null> {
  // The shell knows the PATH that this process was started with; only libs/config may read the variable itself.
  if (path === undefined) return firstLine('sh', ['-c', 'command -v "$1"', 'sh', name]);
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      continue;
    }
  }
  return null;
}

/** First line of what a command prints; null when it fails or prints nothing. */
function firstLine(command: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: 10_000 }, (error, stdout) => {
      const line = stdout.split('\n')[0] ?? '';
      resolve(error || line === '' ? null : line);
    });
  });
}

/** What `temporal --version` says; null when it does not run. */
async function versionOf(binary: string): Promise<string | null> {
  return /version v?(\S+)/.exec((await firstLine(binary, ['--version'])) ?? '')?.[1] ?? null;
}

/** 1.1 brought the flags that the embedded server is started with; builds from source call themselves 0.0.0-DEV. */
function isUsable(version: string | null): boolean {
  if (version === null) return false;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return version.includes('DEV') || major > 1 || (major === 1 && minor >= 1);
}

async function usable(
  path: string | null,
  origin: TemporalServerBinary['origin'],
): Promise<TemporalServerBinary | null> {
  return path !== null && isUsable(await versionOf(path)) ? { path, origin } : null;
}

function noWay(moduleDir: string, hasGo: boolean, failures: readonly Error[]): SpectraError {
  const reason = hasGo
    ? (failures.at(-1)?.message ?? '').slice(0, 200)
    : 'the official download did not work, and there is no Go here';
  return new SpectraError({
    status: 503,
    code: 'temporal_server_not_found',
    message: `There is no Temporal server and none could be made (${reason}): install Go ${requiredGoVersion(moduleDir)} or newer or the Temporal CLI (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a running Temporal.`,
    cause: new AggregateError(failures, failures.map((failure) => failure.message).join('; ')),
  });
}

async function prepare(options: FindTemporalServerOptions, target: string): Promise<TemporalServerBinary> {
  const failures: Error[] = [];
  const attempt = async (
    origin: 'download' | 'build',
    work: () => Promise<void>,
  ): Promise<TemporalServerBinary | null> => {
    try {
      await work();
      const made = await usable(target, origin);
      if (!made) throw new Error('the file that was made does not run on this machine');
      return made;
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(error instanceof Error ? error : new Error(String(error)));
      return null;
    }
  };
  const { cacheDir, moduleDir, onProgress, signal } = options;
  onProgress('Looking for the official download of the Temporal server.');
  const downloaded = await attempt('download', () =>
    downloadOfficial({ cacheDir, target, version: CLI_VERSION, onProgress, signal }),
  );
  if (downloaded) return downloaded;
  const go = await findCommand('go', options.path);
  const built =
    go === null ? null : await attempt('build', () => buildWithGo({ go, moduleDir, target, onProgress, signal }));
  if (built) return built;
  throw noWay(moduleDir, go !== null, failures);
}

/**
 * Finds the `temporal` binary of the embedded stack: on the PATH, in the user's cache, by the official download, or built
 * by Go from the pinned module; the last two leave it in the cache. Asks nothing; long work reports by `onProgress`.
 *
 * Thrown when no way works (SpectraError `temporal_server_not_found`: one sentence with what to install or set), or with
 * the signal's reason when it aborts.
 */
export async function findTemporalServer(options: FindTemporalServerOptions): Promise<TemporalServerBinary> {
  const onPath = await usable(await findCommand('temporal', options.path), 'path');
  if (onPath) return onPath;
  const target = join(options.cacheDir, `temporal-${CLI_VERSION}-${process.platform}-${process.arch}`, 'temporal');
  const cached = (): Promise<TemporalServerBinary | null> => usable(target, 'cache');
  const found = await cached();
  if (found) return found;
  mkdirSync(dirname(target), { recursive: true });
  return prepareOnce(`${target}.lock`, cached, () => prepare(options, target), options);
}
