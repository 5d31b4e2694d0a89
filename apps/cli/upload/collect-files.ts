import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { mediaTypeOf } from '#libs/client/index.js';
import { UsageError } from '../usage-error.js';

export interface LocalFile {
  readonly absolutePath: string;
  /** As a person in the working directory would write it. */
  readonly path: string;
  readonly sizeBytes: number;
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

export interface Collected {
  readonly files: readonly LocalFile[];
  readonly skipped: readonly SkippedFile[];
}

async function existing(path: string, absolutePath: string): Promise<Stats> {
  try {
    return await stat(absolutePath);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(code === 'ENOENT' ? `There is no ${path}.` : `${path} cannot be read (${code ?? 'unknown'}).`);
  }
}

/**
 * Files to upload, in the order of the arguments and by name within folders. A file that is named is taken whatever it
 * is; in a folder, hidden entries, node_modules and endings that the pipeline does not read are left out.
 *
 * Thrown: {@link UsageError} when a path is not there, before anything is uploaded.
 */
export async function collectFiles(paths: readonly string[], cwd: string): Promise<Collected> {
  const files = new Map<string, LocalFile>();
  const skipped: SkippedFile[] = [];
  const shown = (absolutePath: string): string => {
    const path = relative(cwd, absolutePath);
    return path === '' || path.startsWith('..') ? absolutePath : path;
  };
  const add = (absolutePath: string, { size }: Stats): void => {
    if (!files.has(absolutePath)) files.set(absolutePath, { absolutePath, path: shown(absolutePath), sizeBytes: size });
  };
  const skip = (absolutePath: string, reason: string): void => {
    skipped.push({ path: shown(absolutePath), reason });
  };

  const walk = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        await walk(path);
        continue;
      }
      const target = await stat(path).catch(() => undefined);
      if (!target) skip(path, 'a link that leads nowhere');
      else if (target.isDirectory()) skip(path, 'a link to a folder');
      else if (!target.isFile()) skip(path, 'not a file');
      else if (mediaTypeOf(path) === undefined) skip(path, 'not a kind of document that can be read');
      else add(path, target);
    }
  };

  for (const path of paths) {
    const absolutePath = resolve(cwd, path);
    const target = await existing(path, absolutePath);
    if (target.isDirectory()) await walk(absolutePath);
    else if (target.isFile()) add(absolutePath, target);
    else throw new UsageError(`${path} is neither a file nor a folder.`);
  }
  return { files: [...files.values()], skipped };
}
