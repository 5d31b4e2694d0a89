import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { UploadResponse } from '#libs/contracts/index.js';
import { eventually, FaultWorld } from './fault-world.js';

const run = promisify(execFile);
const words = (bytes: number): string => 'Nothing fits in here any more. '.repeat(bytes / 31);

/** Mounting is for root; elsewhere the errors of a full volume are thrown where the store would meet them. */
const asRoot = process.getuid?.() === 0 && process.platform === 'linux' ? describe : describe.skip;

// Fault 16, the object store.
asRoot('an object store that is full', () => {
  let world: FaultWorld;
  let volume: string;
  beforeEach(async () => {
    volume = await mkdtemp(join(tmpdir(), 'spectra-full-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m,nr_inodes=200', 'tmpfs', volume]);
    world = await FaultWorld.open({ SPECTRA_OBJECT_STORE_URL: pathToFileURL(join(volume, 'objects')).href });
  });
  afterEach(async () => {
    await world.close();
    await run('umount', ['-l', volume]);
    await rm(volume, { recursive: true, force: true });
  });

  it('refuses an upload with 507, keeps nothing of it, and takes it once there is room', async () => {
    const url = await (await world.startReady('api')).ready();
    const ballast = join(volume, 'ballast');
    await writeFile(ballast, Buffer.alloc(1_500_000));
    const file = { content: words(900_000) };
    const refused = await world.upload(url, file);
    expect(await refused.json()).toMatchObject({
      status: 507,
      code: 'insufficient_storage',
      retryable: true,
      message: expect.stringContaining('free space'),
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await world.objectKeys()).toEqual([]);
    expect(await world.outbox()).toEqual([]);
    expect(await world.documents.list({ page: 0, pageSize: 1 })).toMatchObject({ total: 0 });

    await rm(ballast);
    expect((await world.upload(url, file)).status).toBe(202);
    expect(await world.outbox()).toHaveLength(1);
    expect(await world.objectKeys()).toHaveLength(1);
  }, 60_000);

  it('refuses in the same way when it has bytes left and no room for another file', async () => {
    const url = await (await world.startReady('api')).ready();
    for (let n = 0; ; n += 1) {
      const full = await writeFile(join(volume, `n${n}`), '').catch((error: unknown) => error);
      if (full) break;
    }
    const refused = await world.upload(url, { content: 'A few words.' });
    expect(await refused.json()).toMatchObject({ status: 507, code: 'insufficient_storage' });
    for (const name of await readdir(volume)) if (name.startsWith('n')) await rm(join(volume, name));
    expect((await world.upload(url, { content: 'A few words.' })).status).toBe(202);
  }, 60_000);

  it('makes a worker try again what it could not store, and the document gets ready once there is room', async () => {
    const url = await (await world.startReady('api')).ready();
    const answer = await world.upload(url, { content: words(600_000) });
    const { id } = (await answer.json()) as UploadResponse;
    const ballast = join(volume, 'ballast');
    await writeFile(ballast, Buffer.alloc(1_200_000));
    const worker = await world.startReady('worker');
    for (let tries = 0; !worker.lines.some((line) => line.includes('no space left')); tries += 1) {
      expect(tries).toBeLessThan(200);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await world.document(id)).status).not.toBe('failed');
    await rm(ballast);
    expect(await world.documentBecomes(id, 'ready')).toMatchObject({ error: null });
  }, 90_000);
});

describe('an object store whose volume reports that it is full', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open();
  });
  afterEach(() => world.close());

  it.each(['ENOSPC', 'EDQUOT'])(
    'refuses an upload with 507 and keeps nothing of it: %s',
    async (code) => {
      const full = await (await world.start('api', `object-write=throw:${code}`)).ready();
      const refused = await world.upload(full, { content: 'A few words.' });
      expect(await refused.json()).toMatchObject({
        status: 507,
        code: 'insufficient_storage',
        retryable: true,
        message: expect.stringContaining('free space'),
      });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await world.objectKeys()).toEqual([]);
      expect(await world.outbox()).toEqual([]);
      expect(await world.documents.list({ page: 0, pageSize: 1 })).toMatchObject({ total: 0 });

      const roomy = await (await world.start('api')).ready();
      expect((await world.upload(roomy, { content: 'A few words.' })).status).toBe(202);
    },
    60_000,
  );

  it('makes a worker try again what it could not store, and the document gets ready at one that can', async () => {
    const { id } = await world.accept({ content: words(600_000) });
    const full = await world.startReady('worker', 'object-write=throw:ENOSPC');
    await eventually(() => {
      expect(full.lines.join('\n')).toContain('no space left');
    });
    expect((await world.document(id)).status).not.toBe('failed');
    await full.kill();
    await world.startReady('worker');
    expect(await world.documentBecomes(id, 'ready')).toMatchObject({ error: null });
  }, 90_000);
});
