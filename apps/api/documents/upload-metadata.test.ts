import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uploadResponseSchema } from '#libs/contracts/index.js';
import { TestApi, uploadParts } from '../../../test/setup/api-for-test.js';
import type { Part } from '../../../test/setup/multipart-for-test.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const text = (): string => `A note of its own: ${randomUUID()}.`;
const file = (content: string | Uint8Array, more: Partial<Part> = {}): Part => ({
  name: 'file',
  filename: 'note.txt',
  type: 'text/plain',
  content,
  ...more,
});
const send = (parts: readonly Part[]) => api.here('post', '/documents', { parts });

describe('the metadata of an upload', () => {
  it('may come without a media type, as application/json, or not at all', async () => {
    const metadata = { title: 'A title', source: 'tests', labels: ['team=red'], observedAt: '2026-01-02T03:04:05Z' };
    for (const type of [undefined, 'application/json', 'application/json; charset=utf-8', 'text/plain']) {
      const content = JSON.stringify(metadata);
      const part: Part = type === undefined ? { name: 'metadata', content } : { name: 'metadata', content, type };
      const answer = await send([part, file(text())]);
      expect(answer.status).toBe(202);
      const document = await api.document(uploadResponseSchema.parse(answer.body).id);
      expect(document).toMatchObject({ ...metadata, observedAt: expect.stringMatching(/^2026-01-02T03:04:05/) });
    }
    const bare = await api.document((await api.upload(text(), { filename: 'bare.txt' })).id);
    expect(bare).toMatchObject({ title: 'bare.txt', source: 'bare.txt', labels: [], observedAt: null });
  });

  it('may come as a file part, as FormData sends a Blob, and in snake_case', async () => {
    const content = JSON.stringify({ title: 'From a blob', mime_type: 'text/markdown' });
    const answer = await send([
      { name: 'metadata', filename: 'blob', type: 'application/json', content },
      file(text()),
    ]);
    const document = await api.document(uploadResponseSchema.parse(answer.body).id);
    expect(document).toMatchObject({ title: 'From a blob', mimeType: 'text/markdown' });
  });

  it('keeps titles of any length in bounds and any characters as they are', async () => {
    const title = 'Ünïcode "quotes" \u202e <script>';
    const { id } = await api.upload(text(), { metadata: { title } });
    expect((await api.document(id)).title).toBe(title);
    const parts = uploadParts(text(), { metadata: { title: 'x'.repeat(1001) } });
    expect((await send(parts)).body).toMatchObject({ status: 400, code: 'validation_error' });
  });

  it('that no store can hold as it is loses its NULs and half surrogate pairs, and nothing else', async () => {
    const content = '{"title":"a\\u0000b \\ud800 c","filename":"x\\udfffy.txt","source":"\\u0000s"}';
    const answer = await send([{ name: 'metadata', content }, file(text())]);
    expect(answer.status).toBe(202);
    const document = await api.document(uploadResponseSchema.parse(answer.body).id);
    expect(document).toMatchObject({ title: 'ab \ufffd c', source: 's' });
  });

  it('names the encoding of text in its mimeType; what the file part says of one is not looked at', async () => {
    const charsetOf = async (metadata: Record<string, unknown>): Promise<unknown> => {
      const options = { metadata, type: 'text/plain; charset=windows-1252' };
      const { contentHash } = await api.upload(text(), options);
      const { rows } = await api.services.pool.query<{ charset: unknown }>(
        `SELECT payload->'charset' AS charset FROM core.outbox WHERE payload->>'contentHash' = $1`,
        [contentHash],
      );
      return rows[0]?.charset;
    };
    expect(await charsetOf({ mimeType: 'text/plain; charset=koi8-r' })).toBe('koi8-r');
    expect(await charsetOf({})).toBeNull();
  });
});
