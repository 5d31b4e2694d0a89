import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document, UploadResponse } from '#libs/contracts/index.js';
import { eventually, FaultWorld } from './fault-world.js';

const POLL_MS = 2_000;
/** The law allows one poll interval and a second. */
const MARGIN_MS = 1_000;
const FILE = { content: 'Accepted, and nobody was told.' };

// Fault 4.
describe('an api that is killed after the COMMIT of an accept and before its NOTIFY', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open({
      SPECTRA_POLL_HEALTHY_MS: String(POLL_MS),
      SPECTRA_POLL_DEGRADED_MS: String(POLL_MS),
    });
  });
  afterEach(() => world.close());

  it('loses nothing: the document is processed within a poll interval and a second, and a restarted api answers for it', async () => {
    await world.startReady('worker');
    const doomed = await world.start('api', 'after-commit=kill');
    const url = await doomed.ready();
    await expect(world.upload(url, FILE)).rejects.toThrow('fetch failed');
    expect(await doomed.exitWithin(5_000)).toEqual({ code: null, signal: 'SIGKILL' });

    const row = await world.onlyRow('delivered');
    expect(row.attempts).toBe(1);
    // Both are times of the database, so how fast this test looks does not matter.
    const waitedMs = (row.claimed_at?.getTime() ?? Infinity) - row.occurred_at.getTime();
    expect(waitedMs).toBeLessThanOrEqual(POLL_MS + MARGIN_MS);

    const restarted = await (await world.start('api')).ready();
    const listed = (await (await world.call(restarted, 'documents')).json()) as { documents: Document[] };
    expect(listed.documents).toHaveLength(1);
    const id = listed.documents[0]?.id ?? '';
    await eventually(async () => {
      const document = (await (await world.call(restarted, `documents/${id}`)).json()) as Document;
      expect(document).toMatchObject({ status: 'ready', title: 'note.txt', error: null });
    });
    expect(await world.runsOf(id)).toHaveLength(1);

    // The client had no answer, so it sends the file again: it is told that the service has it.
    const again = await world.upload(restarted, FILE);
    expect((await again.json()) as UploadResponse).toMatchObject({ id, status: 'ready', deduplicated: true });
    expect(await world.outbox()).toHaveLength(1);
  }, 60_000);
});
