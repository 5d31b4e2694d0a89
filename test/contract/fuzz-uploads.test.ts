import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { operations, problemSchema, uploadResponseSchema } from '#libs/contracts/index.js';
import { TestApi, type Answer } from '../setup/api-for-test.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ flags: { SPECTRA_MAX_UPLOAD_BYTES: '20000000' } });
});
afterAll(() => api.stop());

const RUNS = 150;
const DOCUMENTED = new Set<number>([202, 400, 401, 422, ...operations.uploadDocument.errors]);

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '',
    '.',
    '....',
    '../../etc/passwd',
    'C:\\..\\..\\boot.ini',
    'nul\u0000.txt',
    'gpj.\u202etxt',
    '\ud800 half',
    '\u2028',
    '__proto__',
    'constructor',
    'a'.repeat(10_000),
  ),
);
const line = hostile.map((text) => text.replace(/[\r\n"]/g, ''));
const deep = fc.integer({ min: 1, max: 30_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth));
const metadata = fc.oneof(
  fc
    .record(
      {
        title: hostile,
        source: hostile,
        filename: hostile,
        mimeType: fc.oneof(hostile, fc.constant('text/plain')),
        labels: fc.array(fc.oneof(hostile, fc.constant('team=red')), { maxLength: 20 }),
        observedAt: fc.oneof(hostile, fc.constant('2026-01-02T03:04:05Z')),
        scopes: fc.anything(),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
  deep,
  deep.map((nested) => `{"labels":${nested}}`),
  fc.json(),
  hostile,
);
const headers = fc.record({
  name: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('file', 'metadata') }, { weight: 1, arbitrary: line }),
  filename: fc.option(line, { nil: undefined }),
  type: fc.option(fc.oneof(fc.constantFrom('text/plain', 'application/json', 'application/octet-stream'), line), {
    nil: undefined,
  }),
});
const part = fc
  .tuple(headers, fc.oneof(metadata, fc.uint8Array({ maxLength: 300 }), fc.constant('Some words.')))
  .map(([head, content]) => ({ ...head, content }));
const boundary = fc.constantFrom('b', '-----------------------x', "a'()+_,./:=?", 'b'.repeat(70));

/** Parts as they go on the wire, whole or cut off, with text that belongs nowhere in between. */
function bodyOf(
  parts: readonly {
    name: string;
    filename?: string | undefined;
    type?: string | undefined;
    content: string | Uint8Array;
  }[],
  mark: string,
): Buffer {
  const pieces = parts.flatMap(({ name, filename, type, content }) => [
    Buffer.from(
      `--${mark}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n` +
        `${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n`,
    ),
    Buffer.from(content as string),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${mark}--\r\n`)]);
}

function check(answer: Answer): void {
  expect(DOCUMENTED).toContain(answer.status);
  if (answer.status === 202) uploadResponseSchema.strict().parse(answer.body);
  else {
    problemSchema.strict().parse(answer.body);
    expect(answer.status).not.toBe(503);
  }
}

const send = (raw: Buffer, contentType: string): Promise<Answer> =>
  api.here('post', '/documents', { raw: raw as Buffer<ArrayBuffer>, headers: { 'content-type': contentType } });

describe('the upload route answers documented statuses and never fails inside', () => {
  it('whatever the parts are and wherever the body ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 6 }),
        boundary,
        fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: 1 }),
        async (parts, mark, cut) => {
          const whole = bodyOf(parts, mark);
          const body = Buffer.from(whole.subarray(0, Math.ceil(whole.length * cut)));
          check(await send(body, `multipart/form-data; boundary="${mark}"`));
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 120_000);

  it('whatever the metadata says, before a file that is fine', async () => {
    await fc.assert(
      fc.asyncProperty(
        metadata,
        fc.constantFrom(undefined, 'application/json'),
        line,
        async (content, type, filename) => {
          const file = { name: 'file', filename, type: 'text/plain', content: `Words ${randomUUID()}` };
          check(
            await send(bodyOf([{ name: 'metadata', type, content }, file], 'b'), 'multipart/form-data; boundary=b'),
          );
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 120_000);

  it.each([
    ['no boundary', 'multipart/form-data'],
    ['an empty boundary', 'multipart/form-data; boundary='],
    ['a boundary that no part has', 'multipart/form-data; boundary=other'],
    ['another multipart', 'multipart/mixed; boundary=b'],
    ['two boundaries', 'multipart/form-data; boundary=x; boundary=b'],
  ])('with %s: 400 or 415', async (_what, contentType) => {
    const answer = await send(
      bodyOf([{ name: 'file', filename: 'a.txt', type: 'text/plain', content: 'a' }], 'b'),
      contentType,
    );
    check(answer);
    expect([400, 415]).toContain(answer.status);
  });

  it.each([
    [
      '10 MB of metadata',
      [{ name: 'metadata', content: JSON.stringify({ title: 'x'.repeat(10_000_000) }) }],
      'malformed_metadata',
    ],
    [
      '10 MB of metadata, declared as JSON',
      [{ name: 'metadata', type: 'application/json', content: JSON.stringify({ title: 'x'.repeat(10_000_000) }) }],
      'malformed_metadata',
    ],
    [
      '10 MB of metadata as a file',
      [{ name: 'metadata', filename: 'm.json', content: JSON.stringify({ title: 'x'.repeat(10_000_000) }) }],
      'malformed_metadata',
    ],
    ['1,000 fields', Array.from({ length: 1_000 }, (_, n) => ({ name: `f${n}`, content: 'x' })), 'too_many_parts'],
    [
      '1,000 files',
      Array.from({ length: 1_000 }, (_, n) => ({ name: 'file', filename: `${n}`, content: 'x' })),
      'one_file_only',
    ],
  ])('with %s: 400, says why, and keeps nothing', async (_what, parts, code) => {
    const before = await api.objectKeys();
    const answer = await send(bodyOf(parts, 'b'), 'multipart/form-data; boundary=b');
    expect([answer.status, answer.body['code']]).toEqual([400, code]);
    expect(await api.objectKeys()).toEqual(before);
  });

  it('leaves one object per document and none besides', async () => {
    const { total } = (await api.here('get', '/documents?page_size=1')).body as { total: number };
    expect(await api.objectKeys()).toHaveLength(total);
  });
});
