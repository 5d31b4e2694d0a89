import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApi, until } from '../../../test/setup/api-for-test.js';
import { multipart } from '../../../test/setup/multipart-for-test.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const text = (): string => `A note of its own: ${randomUUID()}.`;

describe('an upload', () => {
  it('is accepted once, and answered with the same document the next time', async () => {
    const content = text();
    const first = await api.upload(content);
    expect(first).toMatchObject({ status: 'queued', deduplicated: false });
    expect(first.contentHash).toMatch(/^blake3:[0-9a-f]{64}$/);
    expect(await api.upload(content)).toEqual({ ...first, deduplicated: true });
    const kept = (await api.objectKeys()).filter((key) => key.includes(first.contentHash.slice('blake3:'.length)));
    expect(kept).toHaveLength(1);
  });

  it.each([
    ['plain text', 'upload', 'Just a few words.', 'text/plain'],
    ['HTML', 'upload', '<!doctype html><html><body><p>Hello</p></body></html>', 'text/html'],
    ['Markdown by its name', 'notes.md', '# Heading\n\nText.', 'text/markdown'],
    ['PDF by its signature', 'upload', '%PDF-1.7\n%âãÏÓ\n', 'application/pdf'],
  ])('declared as octet-stream is recognised by its content: %s', async (_kind, filename, content, mimeType) => {
    const { id } = await api.upload(`${content}\n${randomUUID()}`, { type: 'application/octet-stream', filename });
    expect(await api.document(id)).toMatchObject({ mimeType, status: 'queued' });
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\report.txt', 'report.txt'],
    ['bell\u0007 and escape\u001b[31m.txt', 'bell and escape[31m.txt'],
    ['..', 'upload'],
    ['.....', 'upload'],
    ['a\u0000b.txt', 'ab.txt'],
    ['gpj.\u202etxt', 'gpj.txt'],
    ['line\u2028 and\u0085 end.txt', 'line and end.txt'],
    ['\u{1f41d}'.repeat(3_000), '\u{1f41d}'.repeat(255)],
    ['C:\\..\\..\\boot.ini', 'boot.ini'],
    ['upload', 'upload'],
    ['x'.repeat(300), 'x'.repeat(255)],
    ['Grüße 世界.txt', 'Grüße 世界.txt'],
  ])('shows the file name %j as %j and never uses it as a path', async (filename, title) => {
    const { id } = await api.upload(text(), { filename });
    expect((await api.document(id)).title).toBe(title);
    for (const key of await api.objectKeys())
      expect(key).toMatch(/^contexts\/[a-z0-9-]+\/blake3\/[0-9a-f/]+\/[0-9a-z]+$/);
  });
});

describe('a client that goes away in the middle of an upload', () => {
  it.each([
    ['within the first bytes', 200],
    ['after a while', 60_000],
  ])('%s leaves nothing behind, and the service goes on', async (_when, bytes) => {
    const before = await api.objectKeys();
    const total = await api.here('get', '/documents');
    const { body, headers } = multipart([
      { name: 'file', filename: 'note.txt', type: 'text/plain', content: randomBytes(60_000).toString('hex') },
    ]);
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(
      `POST /api/v1/${api.contextId}/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\n` +
        `Content-Type: ${headers['content-type']}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await new Promise((resolve) => socket.write(body.subarray(0, bytes), resolve));
    if (bytes > 10_000)
      await until('the upload to begin', async () =>
        (await api.objectKeys()).find((key) => key.startsWith('.incoming')),
      );
    socket.destroy();
    await until('the half file to go', async () =>
      (await api.objectKeys()).some((key) => key.startsWith('.incoming')) ? null : true,
    );
    expect(await api.objectKeys()).toEqual(before);
    expect((await api.here('get', '/documents')).body['total']).toBe(total.body['total']);
    expect((await api.upload(text())).deduplicated).toBe(false);
  });
});

describe('the same bytes many times at once', () => {
  it('make one document, and every answer names it', async () => {
    const content = text();
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.upload(content)));
    const ids = new Set(answers.map((answer) => answer.id));
    expect(ids.size).toBe(1);
    expect(answers.filter((answer) => !answer.deduplicated)).toHaveLength(1);
    const [id] = ids;
    const listed = await api.here('get', '/documents?page_size=100');
    const documents = listed.body['documents'] as { id: string; contentHash: string }[];
    expect(documents.filter((document) => document.contentHash === answers[0]?.contentHash).map((d) => d.id)).toEqual([
      id,
    ]);
  });
});
