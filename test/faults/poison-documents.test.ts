import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChunkPage, Document, UploadResponse } from '#libs/contracts/index.js';
import { eventually, FaultWorld, type FileUpload } from './fault-world.js';

describe('a document that cannot be read', () => {
  let world: FaultWorld;
  let api: string;
  beforeAll(async () => {
    world = await FaultWorld.open();
    await world.startReady('worker');
    api = await (await world.start('api')).ready();
  });
  afterAll(() => world.close());

  async function upload(file: FileUpload): Promise<string> {
    const answer = await world.upload(api, file);
    expect(answer.status).toBe(202);
    return ((await answer.json()) as UploadResponse).id;
  }

  async function get<T>(route: string): Promise<T> {
    const answer = await world.call(api, route);
    expect(answer.status).toBe(200);
    return (await answer.json()) as T;
  }

  async function truncatedPdf(): Promise<Uint8Array> {
    const whole = await readFile(join(process.cwd(), 'samples', 'digital-worker-identity-playbook.pdf'));
    return whole.subarray(0, Math.floor(whole.length / 2));
  }

  const POISON: readonly [name: string, sentence: string, file: () => FileUpload | Promise<FileUpload>][] = [
    [
      'bytes that claim to be a PDF and are none',
      'This is not a PDF file although it was declared as one. Check the file, or upload it with its real media type.',
      () => ({ content: 'Only words.', mimeType: 'application/pdf', fileName: 'words.pdf' }),
    ],
    [
      'a PDF that was cut in the middle',
      'The PDF ends before its end marker: the file is incomplete. Download or export it again and upload it anew.',
      async () => ({ content: await truncatedPdf(), mimeType: 'application/pdf', fileName: 'half.pdf' }),
    ],
    [
      'text that is nothing but white space',
      'The document is empty: it contains no text to index.',
      () => ({ content: ' \n\t \n\n   ', fileName: 'blank.txt' }),
    ],
  ];

  it.each(POISON)(
    'ends as failed with a sentence, without passages: %s',
    async (_name, sentence, file) => {
      const id = await upload(await file());
      await world.documentBecomes(id, 'failed');
      const document = await get<Document>(`documents/${id}`);
      expect(document).toMatchObject({ status: 'failed', error: sentence, chunkCount: 0 });
      expect(document.processingCompletedAt).not.toBeNull();
      expect(await get<ChunkPage>(`documents/${id}/chunks`)).toMatchObject({ chunks: [], total: 0 });
      await eventually(async () => {
        expect(await world.job(id)).toMatchObject({ status: 'failed', error: sentence, attempts: 1 });
      });
      expect(await world.temporal.workflow.getHandle(world.workflowId(id)).result()).toMatchObject({
        status: 'failed',
      });
    },
    45_000,
  );

  it('costs the service nothing: what is uploaded beside it becomes ready, and no event is left', async () => {
    const poison = await upload({ content: 'Still only words.', mimeType: 'application/pdf', fileName: 'more.pdf' });
    const good = await upload({ content: 'The service goes on.' });
    await world.documentBecomes(good, 'ready');
    await world.documentBecomes(poison, 'failed');
    await eventually(async () => {
      expect((await world.outbox()).filter((row) => row.status !== 'delivered' || row.attempts !== 1)).toEqual([]);
    });
    expect((await world.chunkRows()).map((row) => row.search_text)).toEqual([
      expect.stringContaining('The service goes on.'),
    ]);
  }, 45_000);
});
