import { createReadStream, createWriteStream } from 'node:fs';
import { access, constants, mkdir, open, opendir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBLAKE3 } from 'hash-wasm';
import { InsufficientStorageError, NotFoundError, PayloadTooLargeError } from '#libs/contracts/index.js';
import { fault } from '#libs/telemetry/index.js';
import type { ObjectStore, PutOptions, PutResult } from './object-store.js';

const KEY_PATTERN = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9._-]+)*$/;

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function notFound(key: string): NotFoundError {
  return new NotFoundError(`The object ${key} is not in the object store.`, 'object_not_found');
}

/** No space, no quota: what an operator can mend, and a caller cannot. */
function toStorageError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new InsufficientStorageError(
    'The object store has no space left. Nothing was stored; free space on its volume, then try again.',
    { cause: error },
  );
}

/** A flushed file survives a power cut only with the name under which it is found. */
async function flushFolders(folders: readonly string[]): Promise<void> {
  await Promise.all(
    folders.map(async (folder) => {
      const handle = await open(folder);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }),
  );
}

/** Most old entries that one sweep takes; young ones are passed over. What is left over is for the next. */
const SWEEP_LIMIT = 1_000;

/**
 * Objects as files below one directory (`file:///absolute/path`). Writes appear whole or not at all: temp file, then
 * rename. `.incoming` holds the temp files, `.provisional` an empty file for each object that is not kept yet, named
 * after its key with `~` for `/`.
 */
export class FileObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #incoming: string;
  readonly #provisional: string;

  /** @param now milliseconds since the epoch, for the age of what a dead writer left */
  constructor(
    url: string,
    private readonly now: () => number = Date.now,
  ) {
    this.#root = fileURLToPath(url);
    this.#incoming = join(this.#root, '.incoming');
    this.#provisional = join(this.#root, '.provisional');
  }

  async putHashed(
    stream: Readable,
    keyOf: (contentHash: string) => string,
    options: PutOptions,
  ): Promise<PutResult & { key: string }> {
    const hasher = await createBLAKE3();
    let sizeBytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        sizeBytes += chunk.length;
        if (sizeBytes > options.maxBytes) {
          done(new PayloadTooLargeError(options.maxBytes));
          return;
        }
        hasher.update(chunk);
        done(null, chunk);
      },
    });
    const temporary = await this.#temporary();
    try {
      await pipeline(stream, measure, createWriteStream(temporary, { flags: 'wx', flush: true }));
      const contentHash = `blake3:${hasher.digest('hex')}`;
      const key = keyOf(contentHash);
      await this.#mark(key);
      await flushFolders(await this.#moveTo(temporary, key));
      return { key, contentHash, sizeBytes };
    } catch (error) {
      await rm(temporary, { force: true });
      throw toStorageError(error);
    }
  }

  async keep(key: string): Promise<void> {
    await rm(this.#markOf(key), { force: true });
  }

  async provisional(olderThanMs: number): Promise<string[]> {
    const marks = await this.#old(this.#provisional, olderThanMs);
    return marks.map((name) => name.replaceAll('~', '/'));
  }

  async removeHalfWritten(olderThanMs: number): Promise<number> {
    const names = await this.#old(this.#incoming, olderThanMs);
    for (const name of names) await rm(join(this.#incoming, name), { force: true });
    return names.length;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#path(key);
    const temporary = await this.#temporary();
    try {
      await writeFile(temporary, bytes, { flag: 'wx', flush: true });
      await this.#moveTo(temporary, key);
    } catch (error) {
      await rm(temporary, { force: true });
      throw toStorageError(error);
    }
  }

  async get(key: string): Promise<Uint8Array> {
    try {
      return await readFile(this.#path(key));
    } catch (error) {
      throw isMissing(error) ? notFound(key) : error;
    }
  }

  async stream(key: string): Promise<{ body: Readable; sizeBytes: number }> {
    const path = this.#path(key);
    try {
      const { size } = await stat(path);
      return { body: createReadStream(path), sizeBytes: size };
    } catch (error) {
      throw isMissing(error) ? notFound(key) : error;
    }
  }

  async exists(key: string): Promise<boolean> {
    try {
      return (await stat(this.#path(key))).isFile();
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
    await this.keep(key);
  }

  async deletePrefix(prefix: string): Promise<void> {
    if (!prefix.endsWith('/')) throw new RangeError('a prefix ends in "/"');
    await rm(this.#path(prefix.slice(0, -1)), { force: true, recursive: true });
  }

  async check(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    await access(this.#root, constants.W_OK);
  }

  async #temporary(): Promise<string> {
    try {
      await fault('object-write');
      await mkdir(this.#incoming, { recursive: true });
    } catch (error) {
      throw toStorageError(error);
    }
    return join(this.#incoming, randomUUID());
  }

  async #mark(key: string): Promise<void> {
    const path = this.#markOf(key);
    await mkdir(this.#provisional, { recursive: true });
    await writeFile(path, '');
  }

  #markOf(key: string): string {
    this.#path(key);
    return join(this.#provisional, key.replaceAll('/', '~'));
  }

  /** Names of files of a folder that were written to before that. */
  async #old(folder: string, olderThanMs: number): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const entry of await opendir(folder)) {
        // Gone meanwhile is not old.
        const { mtimeMs } = await stat(join(folder, entry.name)).catch(() => ({ mtimeMs: Infinity }));
        if (this.now() - mtimeMs >= olderThanMs) names.push(entry.name);
        if (names.length === SWEEP_LIMIT) break;
      }
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return names;
  }

  /** @returns the folders that have a new entry now: that of the object, and those above it that had to be made. */
  async #moveTo(temporary: string, key: string): Promise<string[]> {
    const path = this.#path(key);
    const made = await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
    const changed = [dirname(path)];
    for (let folder = dirname(path); made !== undefined && folder.length >= made.length; folder = dirname(folder)) {
      changed.push(dirname(folder));
    }
    return changed;
  }

  #path(key: string): string {
    if (!KEY_PATTERN.test(key) || key.includes('..'))
      throw new RangeError(`${JSON.stringify(key)} is not an object key`);
    return join(this.#root, key);
  }
}
