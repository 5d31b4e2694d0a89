import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { UploadResponse } from '#libs/contracts/index.js';
import { FaultWorld } from './fault-world.js';

const FILE = { content: 'Never promised to anybody.' };

// Fault 5.
describe('an api that is killed before the COMMIT of an accept', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open();
  });
  afterEach(() => world.close());

  it('leaves neither event nor workflow nor document, and the same upload works afterwards as a new one', async () => {
    const doomed = await world.start('api', 'before-commit=kill');
    const url = await doomed.ready();
    await expect(world.upload(url, FILE)).rejects.toThrow('fetch failed');
    expect(await doomed.exitWithin(5_000)).toEqual({ code: null, signal: 'SIGKILL' });

    // The worker and the api that start now would bring to light whatever was left behind.
    await world.startReady('worker');
    const restarted = await (await world.start('api')).ready();
    expect(await world.outbox()).toEqual([]);
    expect(await (await world.call(restarted, 'documents')).json()).toMatchObject({ documents: [], total: 0 });
    expect(await world.jobs()).toEqual([]);

    const answer = await world.upload(restarted, FILE);
    expect(answer.status).toBe(202);
    const accepted = (await answer.json()) as UploadResponse;
    expect(accepted).toMatchObject({ status: 'queued', deduplicated: false });
    await world.documentBecomes(accepted.id, 'ready');
    expect(await world.onlyRow('delivered')).toMatchObject({ attempts: 1 });
    // Of all pipelines of this Context, the only run is that of the second upload.
    const runs = await world.runs(`ContextId = "${world.contextId}"`, 1);
    expect(runs).toEqual([await world.latestRun(accepted.id)]);
    expect(await world.documents.list({ page: 0, pageSize: 10 })).toMatchObject({ total: 1 });
  }, 60_000);
});
