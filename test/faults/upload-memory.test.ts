import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { residentMemory } from '../setup/process-memory.js';
import { streamUpload, type StreamedUpload } from '../setup/streamed-upload.js';
import { FaultWorld } from './fault-world.js';

const MEGABYTE = 1024 * 1024;
/** Growth of the resident memory that all uploads together may cause. */
const GROWTH_BYTES = 64 * MEGABYTE;

describe('an api that is a process of its own, under large uploads', () => {
  let world: FaultWorld;
  let url: string;
  let pid: number;
  let idle: number;
  beforeAll(async () => {
    world = await FaultWorld.open();
    const api = await world.start('api');
    url = await api.ready();
    pid = api.pid ?? 0;
    idle = (await residentMemory(pid)).now;
  }, 60_000);
  afterAll(() => world.close());

  const send = (upload: StreamedUpload) => streamUpload(url, world, upload);
  const REFUSED = {
    status: 413,
    body: { code: 'payload_too_large', message: expect.stringContaining('50 MB (SPECTRA_MAX_UPLOAD_BYTES=52428800)') },
  };

  it.each([
    ['with its length declared', true],
    ['chunked, without a length', false],
  ])('accepts 40 MB %s', async (_how, declared) => {
    expect(await send({ bytes: 40 * MEGABYTE, declared })).toMatchObject({
      status: 202,
      body: { deduplicated: false },
    });
  });

  it('refuses 200 MB by the declared length before it reads them', async () => {
    const answer = await send({ bytes: 200 * MEGABYTE, declared: true });
    expect(answer).toMatchObject(REFUSED);
    expect(answer.sent).toBeLessThan(40 * MEGABYTE); // What fits into the buffers of the sockets, and no more.
  });

  it('refuses 200 MB without a length as soon as they are more than the limit', async () => {
    const answer = await send({ bytes: 200 * MEGABYTE, declared: false });
    expect(answer).toMatchObject(REFUSED);
    expect(answer.sent).toBeLessThan(100 * MEGABYTE);
  });

  it.each([
    ['declared', true],
    ['chunked', false],
  ])('lets a client that reads only after it has sent 200 MB (%s) have its answer', async (_how, declared) => {
    const answer = await send({ bytes: 200 * MEGABYTE, declared, deaf: true });
    expect(answer).toMatchObject(REFUSED);
    expect(answer.sent).toBe(200 * MEGABYTE);
  });

  it.each([
    ['declared', true],
    ['chunked', false],
  ])('does not read gigabytes for one that sends on and on (%s)', async (_how, declared) => {
    const answer = await send({ bytes: 2_000 * MEGABYTE, declared, deaf: true });
    expect(answer).toMatchObject(REFUSED);
    expect(answer.sent).toBeLessThan(400 * MEGABYTE);
  });

  it('keeps one document for each accepted upload and nothing of the others', async () => {
    expect(await world.documents.list({ page: 0, pageSize: 10 })).toMatchObject({ total: 2 });
    expect(await world.outbox()).toHaveLength(2);
    expect(await world.objectKeys()).toHaveLength(2);
  });

  it('has grown by less than 64 MiB at the worst moment of all this', async () => {
    const { peak } = await residentMemory(pid);
    expect(peak - idle).toBeLessThan(GROWTH_BYTES);
  });
});
