import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chunkPageSchema } from '#libs/contracts/index.js';
import { TestApi } from '../../../test/setup/api-for-test.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ worker: true });
}, 60_000);
afterAll(() => api.stop());

const textOf = async (id: string): Promise<string> => {
  const { body } = await api.here('get', `/documents/${id}/chunks`);
  return chunkPageSchema
    .parse(body)
    .chunks.map(({ text }) => text)
    .join('\n');
};

describe('a document of any accepted format', () => {
  it('is read as what it is, not as what it is called, and dated by what it says', async () => {
    const content = await readFile(join(process.cwd(), 'samples', 'fedramp-oscal-overview.docx'));
    const { id } = await api.upload(content, { filename: 'overview.txt', type: 'text/plain' });
    expect(await api.processed(id)).toMatchObject({
      status: 'ready',
      mimeType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      observedAt: '2022-06-30T21:57:00.000Z',
    });
    expect(await textOf(id)).toContain('Who Should Use This Document?');
  }, 60_000);

  it('keeps the date that its upload gave', async () => {
    const { id } = await api.upload('---\ndate: 2020-01-02\n---\nA note with a date.', {
      filename: 'dated.md',
      metadata: { observedAt: '2021-03-04T05:06:07Z' },
    });
    expect((await api.processed(id)).observedAt).toMatch(/^2021-03-04T05:06:07/u);
  }, 60_000);

  it('is decoded as its type declares, and keeps the bare name of that type', async () => {
    const { id } = await api.upload(Buffer.from('93fa967b82cc8e52', 'hex'), {
      filename: 'mountain.txt',
      metadata: { mimeType: 'text/plain; charset=Shift_JIS' },
    });
    expect(await api.processed(id)).toMatchObject({ status: 'ready', mimeType: 'text/plain' });
    expect(await textOf(id)).toBe('日本の山');
  }, 60_000);
});
