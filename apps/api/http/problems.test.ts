import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { problemSchema } from '#libs/contracts/index.js';
import { TestApi, type Answer, type CallOptions } from '../../../test/setup/api-for-test.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const json = (raw: string): CallOptions => ({ raw, headers: { 'content-type': 'application/json' } });

describe('every failure is a problem document', () => {
  it.each<[string, number, string, () => Promise<Answer>]>([
    ['malformed JSON', 400, 'malformed_json', () => api.here('post', '/query', json('{"query": '))],
    ['JSON that is no object', 400, 'validation_error', () => api.here('post', '/query', json('[]'))],
    ['null', 400, 'validation_error', () => api.here('post', '/query', json('null'))],
    ['no body', 400, 'validation_error', () => api.here('post', '/query')],
    ['an empty JSON body', 400, 'validation_error', () => api.here('post', '/query', json(''))],
    [
      'text',
      415,
      'unsupported_media_type',
      () => api.here('post', '/query', { raw: 'x', headers: { 'content-type': 'text/plain' } }),
    ],
    [
      'octets',
      400,
      'not_json',
      () => api.here('post', '/query', { raw: 'x', headers: { 'content-type': 'application/octet-stream' } }),
    ],
    [
      'multipart where JSON belongs',
      400,
      'validation_error',
      () => api.here('post', '/query', { parts: [{ name: 'query', content: 'x' }] }),
    ],
    [
      'a body over the limit',
      413,
      'body_too_large',
      () => api.here('post', '/query', { json: { query: 'x'.repeat(17 * 1024 * 1024) } }),
    ],
    ['an unknown route', 404, 'no_such_route', () => api.call('get', '/api/v2/nothing')],
    ['an unknown route of a Context', 404, 'no_such_route', () => api.here('get', '/nothing')],
    ['a method that a route does not know', 404, 'no_such_route', () => api.here('put', '/query', { json: {} })],
    ['a path with broken escapes', 400, 'bad_request', () => api.call('get', '/api/v1/%E0%A4%A/documents')],
    ['a wrong key', 401, 'unauthorized', () => api.here('get', '/documents', { key: 'x' })],
    ['a malformed id', 422, 'malformed_id', () => api.here('get', '/documents/x')],
  ])('%s: %i %s', async (_kind, status, code, send) => {
    const answer = await send();
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = problemSchema.strict().parse(answer.body);
    expect([answer.status, problem.status, problem.code]).toEqual([status, status, code]);
    expect(problem).toMatchObject({ type: `urn:spectra:error:${code}`, message: problem.detail });
    expect(problem.title).not.toBe('Error');
    expect(problem.requestId).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('names every wrong field at once', async () => {
    const answer = await api.here('post', '/documents/query', { json: { query: '', k: 0, mode: 'x' } });
    const paths = problemSchema.parse(answer.body).issues?.map((issue) => issue.path);
    expect(paths?.sort()).toEqual(['k', 'mode', 'query']);
  });

  it('does not tell what failed inside, but where to ask', async () => {
    const { pool } = api.services;
    await pool.query('ALTER TABLE core.outbox RENAME TO outbox_away');
    try {
      const parts = [{ name: 'file', filename: 'a.txt', type: 'text/plain', content: 'words' }];
      const answer = await api.here('post', '/documents', { parts });
      expect(answer.status).toBe(500);
      expect(answer.body).toMatchObject({ code: 'internal', retryable: false });
      expect(answer.text).not.toMatch(/outbox|relation|core\./);
      expect(answer.body['message']).toContain(answer.headers.get('x-request-id'));
      expect(await api.objectKeys()).toEqual([]);
    } finally {
      await pool.query('ALTER TABLE core.outbox_away RENAME TO outbox');
    }
  });

  it('a JSON body cannot reach the prototype', async () => {
    const body = '{"query":"x","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    expect((await api.here('post', '/query', json(body))).status).toBe(200);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('ids of a request', () => {
  it('continue the trace that was sent, and begin one where the header is malformed', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const of = async (traceparent: string): Promise<string | null> =>
      (await api.call('get', '/version', { headers: { traceparent } })).headers.get('x-trace-id');
    expect(await of(`00-${traceId}-00f067aa0ba902b7-01`)).toBe(traceId);
    expect(await of('garbage')).toMatch(/^[0-9a-f]{32}$/);
    expect(await of(`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`)).not.toBe('0'.repeat(32));
    const failed = await api.here('get', '/documents/x', {
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    });
    expect(failed.headers.get('x-trace-id')).toBe(traceId);
  });

  it('keep a request id that was sent when it is a plain one', async () => {
    const of = async (id: string): Promise<string | null> =>
      (await api.call('get', '/version', { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await of('my-id_1.2')).toBe('my-id_1.2');
    expect(await of('a b')).toMatch(/^[0-9a-z]{26}$/);
    expect(await of('x'.repeat(129))).toMatch(/^[0-9a-z]{26}$/);
  });

  it('travel with an accepted upload', async () => {
    const traceId = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
    await api.here('post', '/documents', {
      parts: [{ name: 'file', filename: 'a.txt', type: 'text/plain', content: `traced ${Date.now()}` }],
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    });
    const { rows } = await api.services.pool.query<{ row: string }>(
      'SELECT row_to_json(o)::text AS row FROM core.outbox o',
    );
    expect(rows.map(({ row }) => row).join()).toContain(traceId);
  });
});
