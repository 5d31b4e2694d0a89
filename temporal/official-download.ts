import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DownloadOptions {
  readonly cacheDir: string;
  readonly target: string;
  readonly version: string;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Nothing arrived for this long: give up. */
const STALL_MS = 20_000;
/** Bound of the whole download, for lines that are slow but alive. */
const TOTAL_MS = 300_000;

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce(
    (sum, file) => sum + (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

function runDownload(folder: string, options: DownloadOptions): Promise<void> {
  const script = fileURLToPath(new URL('./official-download-process.js', import.meta.url));
  const child = spawn(process.execPath, [script, folder, `v${options.version}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: options.signal,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  let lastBytes = 0;
  let lastChange = performance.now();
  const begin = lastChange;
  let gaveUp: string | undefined;
  const watch = setInterval(() => {
    const now = performance.now();
    const bytes = bytesIn(folder);
    if (bytes !== lastBytes) {
      lastBytes = bytes;
      lastChange = now;
      options.onProgress(`Downloading the Temporal server: ${Math.round(bytes / 1e6)} MB.`);
    }
    if (now - lastChange < STALL_MS && now - begin < TOTAL_MS) return;
    gaveUp = `no progress within ${Math.round((now - lastChange) / 1000)} s`;
    child.kill('SIGKILL');
  }, 1000);
  return new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(
            gaveUp ?? `the SDK's download failed: ${/Error: (.*)/.exec(said)?.[1] ?? `exit code ${code ?? 'none'}`}`,
          ),
        );
    });
  }).finally(() => {
    clearInterval(watch);
  });
}

/**
 * Fetches the official Temporal CLI through the SDK's own helper and moves it to `target`.
 *
 * Thrown when there is no network, nothing arrives for 20 s, or the download takes longer than five minutes.
 */
export async function downloadOfficial(options: DownloadOptions): Promise<void> {
  // A folder of its own: the helper waits for the unfinished file of an attempt that was killed.
  const folder = mkdtempSync(join(options.cacheDir, 'temporal-download-'));
  try {
    await runDownload(folder, options);
    const file = readdirSync(folder)
      .map((name) => join(folder, name))
      .find((path) => (statSync(path).mode & 0o111) !== 0 && statSync(path).isFile());
    if (file === undefined) throw new Error("the SDK's download left no file");
    renameSync(file, options.target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
