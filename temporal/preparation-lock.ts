import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

function holder(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Runs `work` while no other process does the same, or returns what `done` finds as soon as another process has done it.
 * A lock whose process is gone is removed. Two takers of a stale lock at once both work, which costs time only: the result
 * is renamed into place whole.
 */
export async function prepareOnce<T>(
  lockFile: string,
  done: () => Promise<T | null>,
  work: () => Promise<T>,
  options: { onProgress: (line: string) => void; signal?: AbortSignal | undefined },
): Promise<T> {
  for (let waitedSeconds = 0; ; waitedSeconds += 1) {
    options.signal?.throwIfAborted();
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const pid = holder(lockFile);
    if (pid === null || !isAlive(pid)) {
      rmSync(lockFile, { force: true });
      continue;
    }
    if (waitedSeconds % 5 === 0)
      options.onProgress(`Another start (pid ${pid}) prepares the Temporal server: waiting for it.`);
    await sleep(1000, undefined, { signal: options.signal });
    const made = await done();
    if (made !== null) return made;
  }
  try {
    return (await done()) ?? (await work());
  } finally {
    rmSync(lockFile, { force: true });
  }
}
