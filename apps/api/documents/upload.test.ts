import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACCEPTED_MEDIA_TYPES, uploadResponseSchema } from '#libs/contracts/index.js';
import { TestApi, until, uploadParts } from '../../../test/setup/api-for-test.js';
import { multipart, type Part } from '../../../test/setup/multipart-for-test.js';

const LIMIT = 200_000;
let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ flags: { SPECTRA_MAX_UPLOAD_BYTES: String(LIMIT) } });
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
const refusal = async (parts: readonly Part[]): Promise<unknown[]> => {
  const before = await api.objectKeys();
  const { status, body } = await send(parts);
  expect(await api.objectKeys()).toEqual(before);
  return [status, body['code']];
};

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

  it('takes its metadata without a media type, as application/json, and does without any', async () => {
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

  it('takes its metadata as a file part, as FormData sends a Blob, and in snake_case', async () => {
    const content = JSON.stringify({ title: 'From a blob', mime_type: 'text/markdown' });
    const answer = await send([
      { name: 'metadata', filename: 'blob', type: 'application/json', content },
      file(text()),
    ]);
    const document = await api.document(uploadResponseSchema.parse(answer.body).id);
    expect(document).toMatchObject({ title: 'From a blob', mimeType: 'text/markdown' });
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

  it('keeps titles of any length in bounds and any characters as they are', async () => {
    const title = 'Ünïcode "quotes" \u202e <script>';
    const { id } = await api.upload(text(), { metadata: { title } });
    expect((await api.document(id)).title).toBe(title);
    const parts = uploadParts(text(), { metadata: { title: 'x'.repeat(1001) } });
    expect(await refusal(parts)).toEqual([400, 'validation_error']);
  });
});

describe('metadata', () => {
  it('that no store can hold as it is loses its NULs and half surrogate pairs, and nothing else', async () => {
    const content = '{"title":"a\\u0000b \\ud800 c","filename":"x\\udfffy.txt","source":"\\u0000s"}';
    const answer = await send([{ name: 'metadata', content }, file(text())]);
    expect(answer.status).toBe(202);
    const document = await api.document(uploadResponseSchema.parse(answer.body).id);
    expect(document).toMatchObject({ title: 'ab \ufffd c', source: 's' });
  });
});

describe('a refused upload keeps nothing', () => {
  it.each([
    ['an image', 'image/png', 'x.png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    [
      'an image that declares nothing',
      'application/octet-stream',
      'x',
      Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
    ],
    ['an archive called text', 'text/plain', 'x.txt', Buffer.from('504b0304140000000800', 'hex')],
    ['text that declares a type that nothing reads', 'application/xml', 'x.xml', '<a>text</a>'],
  ])('%s is 415 and names what is accepted', async (_kind, type, filename, content) => {
    const answer = await send([file(content, { type, filename })]);
    expect(answer.body).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    for (const accepted of ACCEPTED_MEDIA_TYPES) expect(answer.body['message']).toContain(accepted);
    expect(await refusal([file(content, { type, filename })])).toEqual([415, 'unsupported_media_type']);
  });

  it('an empty file is 400', async () => {
    expect(await refusal([file('')])).toEqual([400, 'empty_file']);
    expect(await refusal([file('', { type: 'application/pdf' })])).toEqual([400, 'empty_file']);
  });

  it('one byte over the limit is 413 and says the limit; exactly the limit is accepted', async () => {
    const fill = (size: number): Buffer => Buffer.from(randomBytes(size / 2).toString('hex'));
    expect(await refusal([file(Buffer.concat([fill(LIMIT), Buffer.from('x')]))])).toEqual([413, 'payload_too_large']);
    expect(await refusal([file(Buffer.alloc(5_000_000, 'a'))])).toEqual([413, 'payload_too_large']);
    expect((await send([file(fill(LIMIT))])).status).toBe(202);
  });

  it.each<[string, Part[], string]>([
    ['no file part', [{ name: 'metadata', content: '{}' }], 'missing_file'],
    ['no part at all', [], 'missing_file'],
    ['metadata that is no JSON', [{ name: 'metadata', content: '{"title":' }, file('a')], 'malformed_metadata'],
    [
      'metadata that is no JSON, declared',
      [{ name: 'metadata', content: '{', type: 'application/json' }, file('a')],
      'malformed_metadata',
    ],
    ['metadata that is no object', [{ name: 'metadata', content: '[1]' }, file('a')], 'validation_error'],
    ['metadata of the wrong type', [{ name: 'metadata', content: '{"title":7}' }, file('a')], 'validation_error'],
    ['a label without a value', [{ name: 'metadata', content: '{"labels":["x"]}' }, file('a')], 'validation_error'],
    [
      'metadata after the file',
      [file('some words'), { name: 'metadata', content: '{"title":"late"}' }],
      'metadata_after_file',
    ],
    ['a part of another name', [{ ...file('a'), name: 'document' }], 'validation_error'],
    ['two files', [file('first'), file('second')], 'one_file_only'],
  ])('%s is 400', async (_kind, parts, code) => {
    expect(await refusal(parts)).toEqual([400, code]);
  });

  it('a scope of its own is 501 in this version rather than ignored', async () => {
    const parts = uploadParts('a', { metadata: { scopes: [['org/acme']] } });
    expect(await refusal(parts)).toEqual([501, 'not_implemented']);
    expect((await send(uploadParts(text(), { metadata: { scopes: [['/']] } }))).status).toBe(202);
  });

  it('a body that is not multipart, or is cut off, is 400', async () => {
    const json = await api.here('post', '/documents', { json: { title: 'x' } });
    expect(json.body).toMatchObject({ status: 400, code: 'not_multipart' });
    const nothing = await api.here('post', '/documents');
    expect(nothing.body).toMatchObject({ status: 400, code: 'not_multipart' });
    const { body, headers } = multipart([file(text())]);
    const cut = await api.here('post', '/documents', { raw: body.subarray(0, body.length - 20), headers });
    expect(cut.status).toBe(400);
    expect((await api.objectKeys()).filter((key) => key.startsWith('.incoming'))).toEqual([]);
  });
});

describe('a client that goes away in the middle of an upload', () => {
  it.each([
    ['within the first bytes', 200],
    ['after a while', 60_000],
  ])('%s leaves nothing behind, and the service goes on', async (_when, bytes) => {
    const before = await api.objectKeys();
    const total = await api.here('get', '/documents');
    const { body, headers } = multipart([file(randomBytes(60_000).toString('hex'))]);
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
