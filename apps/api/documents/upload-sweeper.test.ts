import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { clearUpUploads } from '#libs/documents/index.js';
import { testServices, type TestServices } from '../../../test/setup/services-for-test.js';
import { UploadSweeper } from './upload-sweeper.js';

const HASH = 'ab'.repeat(32);
const MAX_BYTES = 1_000;
const sessionOf = (): Promise<null> => Promise.resolve(null);

let test: TestServices;
beforeEach(async () => {
  test = await testServices();
});
afterEach(() => test.close());

/** A file that was stored whole and never accepted. */
async function orphan(contextId: string, documentId: string): Promise<string> {
  const key = `contexts/${contextId}/blake3/ab/${HASH}/${documentId}`;
  await test.services.objects.putHashed(Readable.from([Buffer.from('left')]), () => key, { maxBytes: MAX_BYTES });
  return key;
}

describe('a sweep', () => {
  it('goes on behind a file that it cannot judge, counts it and leaves it', async () => {
    const { pool, objects } = test.services;
    const broken = await orphan('broken', '01jd0000000000000000000001');
    const others = [await orphan('a', '01jd0000000000000000000002'), await orphan('z', '01jd0000000000000000000003')];
    const asked = (contextId: string): Promise<null> =>
      contextId === 'broken' ? Promise.reject(new Error('its database is damaged')) : Promise.resolve(null);
    const cleared = await clearUpUploads({ pool, objects, sessionOf: asked }, { olderThanMs: 0 });
    expect(cleared).toMatchObject({ halves: 0, orphans: 2, failed: 1, error: { message: 'its database is damaged' } });
    expect(await Promise.all([broken, ...others].map((key) => objects.exists(key)))).toEqual([true, false, false]);
    expect(await clearUpUploads({ pool, objects, sessionOf }, { olderThanMs: 0 })).toEqual({
      halves: 0,
      orphans: 1,
      failed: 0,
    });
  });

  it('ends before the next file when it is told to', async () => {
    const { pool, objects } = test.services;
    for (const n of [1, 2, 3]) await orphan('a', `01jd000000000000000000000${n}`);
    const stop = new AbortController();
    const asked = (): Promise<null> => {
      stop.abort();
      return Promise.resolve(null);
    };
    const options = { olderThanMs: 0, signal: stop.signal };
    expect(await clearUpUploads({ pool, objects, sessionOf: asked }, options)).toMatchObject({ orphans: 1, failed: 0 });
  });

  it('does not keep an api from stopping when a store does not answer', async () => {
    const { pool } = test.services;
    const key = await orphan('a', '01jd0000000000000000000001');
    const root = fileURLToPath(test.settings.SPECTRA_OBJECT_STORE_URL ?? '');
    const mark = join(root, '.provisional', key.replaceAll('/', '~'));
    await writeFile(mark, '');
    await utimes(mark, 0, 0);
    const client = await pool.connect();
    try {
      await client.query('BEGIN; LOCK TABLE core.outbox IN ACCESS EXCLUSIVE MODE');
      const sweeper = new UploadSweeper(test.services);
      sweeper.start();
      await sweeper.stop(100);
      expect(await test.services.objects.exists(key)).toBe(true);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  });
});
