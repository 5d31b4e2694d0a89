import { createReadStream, createWriteStream } from 'node:fs';
import { access, constants, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBLAKE3 } from 'hash-wasm';
import { NotFoundError, PayloadTooLargeError } from '#libs/contracts/index.js';
import type { ObjectStore, PutOptions, PutResult } from './object-store.js';

const KEY_PATTERN = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9._-]+)*$/;

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function notFound(key: string): NotFoundError {
  return new NotFoundError(`The object ${key} is not in the object store.`, 'object_not_found');
}

/** Objects as files below one directory (`file:///absolute/path`). Writes appear whole or not at all: temp file, then rename. */
export class FileObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #incoming: string;

  constructor(url: string) {
    this.#root = fileURLToPath(url);
    this.#incoming = join(this.#root, '.incoming');
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
      await this.#moveTo(temporary, key);
      return { key, contentHash, sizeBytes };
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#path(key);
    const temporary = await this.#temporary();
    try {
      await writeFile(temporary, bytes, { flag: 'wx' });
      await this.#moveTo(temporary, key);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
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

  async delete(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
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
    await mkdir(this.#incoming, { recursive: true });
    return join(this.#incoming, randomUUID());
  }

  async #moveTo(temporary: string, key: string): Promise<void> {
    const path = this.#path(key);
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
  }

  #path(key: string): string {
    if (!KEY_PATTERN.test(key) || key.includes('..'))
      throw new RangeError(`${JSON.stringify(key)} is not an object key`);
    return join(this.#root, key);
  }
}
