import { createHash, type Hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What gives an event its meaning, as folders of the built output. The client and the console have no part in it. */
const FOLDERS = [
  'apps/spectrad',
  'apps/api',
  'apps/worker',
  'apps/scheduler',
  'workflows',
  'activities',
  'libs',
  'temporal',
] as const;

/** Bytes that differ between two builds of the same code: source maps and the workflow bundle (it holds an inline map). */
const NOT_CODE = /\.map$|(^|\/)workflow-bundle\.js$/;

/**
 * The identity of the built code: SHA-256, in hex, over the sorted (relative path, bytes) of what gives an event its
 * meaning, and the lockfile. The same sources and dependencies give the same hash in any folder, on any machine.
 *
 * Thrown when the folder holds no build, or the lockfile is missing.
 */
export async function codeHash(distDir: string, lockfile: string): Promise<string> {
  const files = (await Promise.all(FOLDERS.map((folder) => filesUnder(distDir, folder)))).flat();
  if (files.length === 0) throw new Error(`There is no built code in ${distDir}; run \`npm run build\`.`);
  const hash = createHash('sha256');
  for (const path of files.sort(byCodeUnits)) add(hash, path, await readFile(join(distDir, path)));
  add(hash, 'package-lock.json', await readFile(lockfile));
  return hash.digest('hex');
}

/** Lengths go in too, so that no two different sets of files can look like the same bytes. */
function add(hash: Hash, path: string, bytes: Uint8Array): void {
  hash.update(`${Buffer.byteLength(path)}:${path}${bytes.length}:`).update(bytes);
}

async function filesUnder(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const nested = await Promise.all(
    entries.map((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return filesUnder(root, path);
      return Promise.resolve(entry.isFile() && !NOT_CODE.test(path) ? [path] : []);
    }),
  );
  return nested.flat();
}

/** Not by locale: the order must be the same on every machine. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
