import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError } from '#libs/contracts/index.js';
import { z } from 'zod';
import { readJsonFile } from './json-file.js';
import { identify, isRunning } from './process-identity.js';
import { readStackFile } from './stack-file.js';

export interface DataDirLock {
  /** Gives the directory free for the next stack. */
  release(): void;
}

const ownerSchema = z.object({ pid: z.int().positive(), startTime: z.number().nullable() });

function refuse(dataDir: string, pid: number): ConflictError {
  const stack = readStackFile(dataDir);
  const address = stack?.pid === pid && stack.addresses.api ? `, ${stack.addresses.api}` : '';
  return new ConflictError(
    `Spectra is already running on ${dataDir} (pid ${pid}${address}): stop it first, or set SPECTRA_DATA_DIR to another folder.`,
    'data_dir_in_use',
  );
}

/** Moves a stale lock away; puts it back when another start took it over in the same moment. */
function clearStale(path: string, judged: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}.stale`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== judged) linkSync(aside, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * Takes the data directory for this process. A lock whose process is gone, or whose pid belongs to another process by
 * now, is taken over.
 *
 * Thrown when a running stack holds it: ConflictError naming its pid and address.
 */
export function lockDataDir(dataDir: string): DataDirLock {
  const path = join(dataDir, 'stack.lock');
  const own = `${JSON.stringify({ ...identify(process.pid), nonce: randomBytes(6).toString('hex') })}\n`;
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  writeFileSync(temporary, own, { mode: 0o600, flag: 'wx' });
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      try {
        linkSync(temporary, path);
        return {
          release: () => {
            if (contentOf(path) === own) rmSync(path, { force: true });
          },
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const judged = contentOf(path);
      if (judged === null) continue;
      const owner = ownerSchema.safeParse(readJsonFile(path)).data;
      if (owner && isRunning(owner)) throw refuse(dataDir, owner.pid);
      clearStale(path, judged);
    }
  } finally {
    rmSync(temporary, { force: true });
  }
  throw new ConflictError(
    `Another Spectra is starting on ${dataDir}: wait for it, or set SPECTRA_DATA_DIR to another folder.`,
    'data_dir_in_use',
  );
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
