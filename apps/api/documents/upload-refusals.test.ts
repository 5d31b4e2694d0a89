import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACCEPTED_MEDIA_TYPES } from '#libs/contracts/index.js';
import { TestApi, uploadParts } from '../../../test/setup/api-for-test.js';
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
