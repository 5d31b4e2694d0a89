import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { UploadResponse } from '#libs/contracts/index.js';
import { eventually, FaultWorld } from './fault-world.js';

const TWO_HOURS_MS = 2 * 3_600_000;

describe('what an api that was killed left in the object store', () => {
  let world: FaultWorld;
  let root: string;
  beforeEach(async () => {
    world = await FaultWorld.open();
    root = fileURLToPath(world.test.settings.SPECTRA_OBJECT_STORE_URL ?? '');
  });
  afterEach(() => world.close());

  async function killedWith(fault: string, content: string): Promise<void> {
    const doomed = await world.start('api', `${fault}=kill`);
    await expect(world.upload(await doomed.ready(), { content })).rejects.toThrow('fetch failed');
    await doomed.exitWithin(5_000);
  }

  async function makeOld(key: string): Promise<void> {
    const then = new Date(Date.now() - TWO_HOURS_MS);
    await utimes(join(root, key), then, then);
  }

  const inFolder = async (folder: string): Promise<string[]> =>
    (await world.objectKeys()).filter((key) => key.startsWith(`${folder}/`));

  it('goes when another api starts an hour later: halves and what was never accepted, but nothing that was', async () => {
    await killedWith('before-commit', 'Never promised.');
    await killedWith('after-commit', 'Promised, though nobody heard it.');
    await writeFile(join(root, '.incoming', 'half'), 'Half of a fi');
    const [orphan, accepted] = await Promise.all(
      ['Never promised.', 'Promised, though nobody heard it.'].map(async (content) => {
        for (const key of await inFolder('contexts')) {
          const bytes = await world.test.services.objects.get(key);
          if (Buffer.from(bytes).toString() === content) return key;
        }
        throw new Error(`nothing holds ${content}`);
      }),
    );
    expect(await inFolder('.provisional')).toHaveLength(2);

    // A young one may still be an upload that runs: an api that starts now touches nothing.
    const early = await world.startReady('api');
    early.signal('SIGTERM');
    expect(await early.exitWithin(10_000)).toEqual({ code: 0, signal: null });
    expect(await world.objectKeys()).toHaveLength(5);

    for (const key of [...(await inFolder('.provisional')), '.incoming/half']) await makeOld(key);
    const url = await (await world.startReady('api')).ready();
    await eventually(async () => {
      expect(await world.objectKeys()).toEqual([accepted]);
    });
    expect(orphan).not.toBe(accepted);

    // The same bytes again are a new document; the accepted ones are known.
    await world.startReady('worker');
    const again = await world.upload(url, { content: 'Never promised.' });
    expect((await again.json()) as UploadResponse).toMatchObject({ deduplicated: false });
    await eventually(async () => {
      expect(await world.documents.list({ page: 0, pageSize: 10, status: 'ready' })).toMatchObject({ total: 2 });
    });
  }, 90_000);
});
