import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NotFoundError, PayloadTooLargeError } from '#libs/contracts/index.js';
import { FileObjectStore } from './file-store.js';
import { openObjectStore, type ObjectStore } from './index.js';

let root = '';
let store: ObjectStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'spectra-store-'));
  store = openObjectStore(pathToFileURL(root).href);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const files = async (): Promise<string[]> =>
  (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
const key = (hash: string): string => `a/${hash.replace('blake3:', '')}`;

describe('storing a stream', () => {
  // Of the official test vectors: input bytes are i % 251.
  it.each([
    [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
    [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
    [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
    [102400, 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085'],
  ])('of %i bytes hashes it with BLAKE3 and keeps it as it is', async (size, hex) => {
    const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, index) => index % 251));
    const pieces = Array.from({ length: Math.ceil(size / 700) }, (_, index) =>
      bytes.subarray(index * 700, (index + 1) * 700),
    );
    const stored = await store.putHashed(Readable.from(pieces), key, { maxBytes: size + 1 });
    expect(stored).toEqual({ key: `a/${hex}`, contentHash: `blake3:${hex}`, sizeBytes: size });
    expect(Buffer.from(await store.get(stored.key)).equals(bytes)).toBe(true);
    const { body, sizeBytes } = await store.stream(stored.key);
    expect([sizeBytes, Buffer.concat(await body.toArray()).equals(bytes)]).toEqual([size, true]);
  });

  it('that is too long, breaks off, or would get an impossible key leaves nothing', async () => {
    const long = store.putHashed(Readable.from([Buffer.alloc(10), Buffer.alloc(1)]), key, { maxBytes: 10 });
    await expect(long).rejects.toThrow(PayloadTooLargeError);
    const broken = Readable.from(
      (async function* () {
        yield Buffer.alloc(10);
        await Promise.resolve();
        throw new Error('the client went away');
      })(),
    );
    await expect(store.putHashed(broken, key, { maxBytes: 100 })).rejects.toThrow('went away');
    await expect(store.putHashed(Readable.from([Buffer.alloc(1)]), () => '../x', { maxBytes: 9 })).rejects.toThrow(
      RangeError,
    );
    expect(await files()).toEqual([]);
    expect((await store.putHashed(Readable.from([Buffer.alloc(10)]), key, { maxBytes: 10 })).sizeBytes).toBe(10);
  });
});

describe('objects', () => {
  it('are replaced, deleted and missing as told', async () => {
    await store.put('a/b/c', Buffer.from('one'));
    await store.put('a/b/c', Buffer.from('two'));
    expect(Buffer.from(await store.get('a/b/c')).toString()).toBe('two');
    expect([await store.exists('a/b/c'), await store.exists('a/b'), await store.exists('a/b/d')]).toEqual([
      true,
      false,
      false,
    ]);
    await store.delete('a/b/c');
    await store.delete('a/b/c');
    for (const read of [store.get('a/b/c'), store.stream('a/b/c')])
      await expect(read).rejects.toMatchObject({ code: 'object_not_found', status: 404 });
    await expect(store.get('never')).rejects.toThrow(NotFoundError);
  });

  it('of a prefix go together, and no others', async () => {
    for (const name of ['c/a/1', 'c/a/2/3', 'c/ab/1']) await store.put(name, Buffer.from(name));
    await store.deletePrefix('c/a/');
    await store.deletePrefix('c/never/');
    expect(await files()).toEqual(['1']);
    expect(Buffer.from(await store.get('c/ab/1')).toString()).toBe('c/ab/1');
    await expect(store.deletePrefix('c/a')).rejects.toThrow(RangeError);
  });

  it('cannot lie outside of the store, whatever the key', async () => {
    const outside = join(root, '..', 'outside-of-the-store');
    await writeFile(outside, 'untouched');
    const hostile = [
      '',
      '/',
      '..',
      '../outside-of-the-store',
      'a/../../outside-of-the-store',
      '/etc/passwd',
      'a//b',
      'a/',
      '.incoming/x',
      'a\0b',
      'a\\..\\b',
      'a/..',
      '%2e%2e/x',
      'a/b\n',
    ];
    for (const name of hostile) {
      await expect(store.put(name, Buffer.from('x'))).rejects.toThrow(RangeError);
      await expect(store.get(name)).rejects.toThrow(RangeError);
      await expect(store.delete(name)).rejects.toThrow(RangeError);
      await expect(store.deletePrefix(`${name}/`)).rejects.toThrow(RangeError);
    }
    expect(await files()).toEqual([]);
    expect(await readFile(outside, 'utf8')).toBe('untouched');
    await rm(outside);
  });

  it('refuse any key that resolves elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('..', '.', '/', 'a', '\\', '\0', '%'), { maxLength: 8 }),
        async (parts) => {
          const name = parts.join('');
          const accepted = await store.put(name, Buffer.from('x')).then(
            () => true,
            () => false,
          );
          if (accepted) expect(join(root, name).startsWith(`${root}/a`)).toBe(true);
          if (accepted) await store.delete(name);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('can be checked for', async () => {
    await expect(store.check()).resolves.toBeUndefined();
    const file = join(root, 'a-file');
    await writeFile(file, '');
    await expect(openObjectStore(pathToFileURL(join(file, 'x')).href).check()).rejects.toThrow();
  });
});

describe('what a dead writer left', () => {
  const HOUR = 3_600_000;
  const later = (ms: number): ObjectStore => new FileObjectStore(pathToFileURL(root).href, () => Date.now() + ms);

  it('is half-written: removed once it is old, and not while somebody may still be writing', async () => {
    await mkdir(join(root, '.incoming'), { recursive: true });
    await writeFile(join(root, '.incoming', 'half'), 'ha');
    expect(await store.removeHalfWritten(HOUR)).toBe(0);
    expect(await later(HOUR + 60_000).removeHalfWritten(HOUR)).toBe(1);
    expect(await files()).toEqual([]);
  });

  it('is whole: named until it is kept or deleted', async () => {
    const put = async (content: string): Promise<string> =>
      (await store.putHashed(Readable.from([Buffer.from(content)]), key, { maxBytes: 99 })).key;
    const keys = [await put('kept'), await put('deleted'), await put('left')];
    expect(await store.provisional(HOUR)).toEqual([]);
    expect((await later(HOUR + 60_000).provisional(HOUR)).sort()).toEqual([...keys].sort());
    await store.keep(keys[0] ?? '');
    await store.delete(keys[1] ?? '');
    expect(await later(HOUR + 60_000).provisional(HOUR)).toEqual([keys[2]]);
    expect(Buffer.from(await store.get(keys[0] ?? '')).toString()).toBe('kept');
  });

  it('is at most a thousand at a time', async () => {
    await mkdir(join(root, '.incoming'), { recursive: true });
    for (let n = 0; n < 1_200; n += 1) await writeFile(join(root, '.incoming', String(n)), '');
    const old = later(HOUR + 60_000);
    expect([await old.removeHalfWritten(HOUR), await old.removeHalfWritten(HOUR)]).toEqual([1_000, 200]);
  });

  it('is nothing in a store that was never written to', async () => {
    expect([await store.removeHalfWritten(0), await store.provisional(0)]).toEqual([0, []]);
  });
});
