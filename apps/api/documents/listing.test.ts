import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApi } from '../../../test/setup/api-for-test.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const text = (): string => `A note of its own: ${randomUUID()}.`;

describe('documents', () => {
  it('are listed newest first, paged in both casings, by status in any letter case and by media type', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await api.upload(text(), { type: 'text/markdown', filename: 'a.md' })).id);
    const list = async (query: string): Promise<{ documents: { id: string }[]; total: number }> => {
      const answer = await api.here('get', `/documents?${query}`);
      expect(answer.status).toBe(200);
      return answer.body as never;
    };
    const of = async (query: string): Promise<string[]> => (await list(query)).documents.map(({ id }) => id);
    expect((await of('pageSize=3')).slice(0, 3)).toEqual(ids);
    expect(await of('page_size=1&page=1')).toEqual([ids[1]]);
    expect(await of('pageSize=1&page=2')).toEqual([ids[2]]);
    expect((await of('mime_type=text/markdown')).slice(0, 3)).toEqual(ids);
    expect((await of('mimeType=text/markdown&status=Queued')).slice(0, 3)).toEqual(ids);
    expect(await list('status=Ready')).toMatchObject({ documents: [], total: 0, page: 0, pageSize: 50 });
    const all = await list('page_size=100');
    expect(all.total).toBe(all.documents.length);
    for (const bad of ['page=-1', 'page_size=101', 'pageSize=0', 'page=x', 'status=done'])
      expect((await api.here('get', `/documents?${bad}`)).body).toMatchObject({
        status: 400,
        code: 'validation_error',
      });
  });

  it('give their bytes back as they were, as a download that no browser runs', async () => {
    const bytes = Buffer.concat([
      Buffer.from('<html><script>alert(1)</script>'),
      Buffer.from('ünï'),
      randomBytes(16)
        .toString('hex')
        .split('')
        .map((c) => Buffer.from(c))
        .reduce((a, b) => Buffer.concat([a, b])),
    ]);
    const { id } = await api.upload(bytes, { type: 'text/html', filename: 'x.html' });
    const response = await fetch(`${api.url}/api/v1/${api.contextId}/documents/${id}/raw`, {
      headers: { authorization: `Bearer ${api.key}` },
    });
    const back = Buffer.from(await response.arrayBuffer());
    expect(createHash('sha256').update(back).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html',
      'content-length': String(bytes.length),
      'x-content-type-options': 'nosniff',
      'content-disposition': 'attachment',
    });
  });

  it('that are not there are 404, and ids that are none are 422', async () => {
    for (const rest of ['', '/chunks', '/raw']) {
      const missing = await api.here('get', `/documents/01jd0000000000000000000000${rest}`);
      expect(missing.body).toMatchObject({ status: 404, code: 'document_not_found' });
      expect((await api.here('get', `/documents/nonsense${rest}`)).body).toMatchObject({
        status: 422,
        code: 'malformed_id',
      });
    }
    expect((await api.here('delete', '/documents/01jd0000000000000000000000')).status).toBe(404);
  });
});
