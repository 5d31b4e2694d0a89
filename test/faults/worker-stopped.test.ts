import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { QueryDocumentsResponse, UploadResponse } from '#libs/contracts/index.js';
import { eventually, FaultWorld } from './fault-world.js';

describe('a worker that is stopped', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open();
  });
  afterEach(() => world.close());

  async function upload(api: string, content: string): Promise<string> {
    const answer = await world.upload(api, { content });
    expect(answer.status).toBe(202);
    const accepted = (await answer.json()) as UploadResponse;
    expect(accepted.status).toBe('queued');
    return accepted.id;
  }

  async function recall(api: string, query: string): Promise<string[]> {
    const answer = await world.call(api, 'documents/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, k: 5 }),
    });
    expect(answer.status).toBe(200);
    const { results } = (await answer.json()) as QueryDocumentsResponse;
    return results.map((hit) => hit.document.id);
  }

  it('stops no api: uploads are accepted and questions answered, and a started worker finishes what waited', async () => {
    const worker = await world.startReady('worker');
    const api = await (await world.start('api')).ready();
    const before = await upload(api, 'Herons stand still in shallow water.');
    await world.documentBecomes(before, 'ready');
    await worker.kill();

    const waiting = [
      await upload(api, 'Kingfishers dive from a branch.'),
      await upload(api, 'Swifts sleep in flight.'),
    ];
    expect(await recall(api, 'Where do herons stand?')).toEqual([before]);
    for (const id of waiting) expect(await world.document(id)).toMatchObject({ status: 'queued' });

    await world.startReady('worker');
    for (const id of waiting) await world.documentBecomes(id, 'ready');
    expect((await recall(api, 'kingfishers dive'))[0]).toBe(waiting[0]);
  }, 60_000);

  it('brings no document back that was deleted while its event waited', async () => {
    const api = await (await world.start('api')).ready();
    const deleted = await upload(api, 'A cuckoo leaves her egg in another nest.');
    expect((await world.call(api, `documents/${deleted}`, { method: 'DELETE' })).status).toBe(204);
    const later = await upload(api, 'Owls turn their heads.');

    await world.startReady('worker');
    await world.documentBecomes(later, 'ready');
    await eventually(async () => {
      expect((await world.outbox()).map((row) => row.status)).toEqual(['delivered', 'delivered']);
    });
    expect((await world.call(api, `documents/${deleted}`)).status).toBe(404);
    expect(await recall(api, 'cuckoo egg nest')).not.toContain(deleted);
  }, 60_000);
});
