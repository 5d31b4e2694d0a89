import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mintedKeySchema, operations, type Operation } from '#libs/contracts/index.js';
import { TestApi, until } from '../../../test/setup/api-for-test.js';
import { testContext } from '../../../test/setup/services-for-test.js';

let api: TestApi;
let other: { contextId: string; key: string };
beforeAll(async () => {
  api = await TestApi.start();
  other = await testContext(api.services);
});
afterAll(() => api.stop());

const ID = '01jd0000000000000000000000';
const pathOf = (operation: Operation, contextId: string): string =>
  operation.path
    .replace('{contextId}', contextId)
    .replace('{documentId}', ID)
    .replace('{principalId}', 'admin')
    .replace('{keyName}', 'some-key');

const all = Object.values<Operation>(operations);
const named = (auth: Operation['auth']) =>
  all.filter((operation) => operation.auth === auth).map((operation) => [operation.id, operation] as const);
const wrongKey = (key: string): string => key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));

describe('a request without a valid key', () => {
  it.each(all.filter((operation) => operation.auth !== 'none').map((operation) => [operation.id, operation] as const))(
    '%s is refused without a key, with a wrong one and with something that is no key',
    async (_id, operation) => {
      const path = pathOf(operation, api.contextId);
      const key = operation.auth === 'management' ? api.managementKey : api.key;
      for (const sent of [null, wrongKey(key), 'nonsense', 'sp-x-y']) {
        const answer = await api.call(operation.method, path, { key: sent });
        expect(answer.status).toBe(401);
        expect(answer.body).toMatchObject({ status: 401, code: 'unauthorized', title: 'Unauthorized' });
      }
    },
  );

  it.each(named('none'))('%s needs none', async (_id, operation) => {
    expect((await api.call(operation.method, operation.path, { key: null })).status).toBe(200);
  });

  it('accepts the bearer scheme only, in any letter case', async () => {
    const path = `/api/v1/${api.contextId}/documents`;
    const by = async (headers: Record<string, string>): Promise<number> =>
      (await api.call('get', path, { key: null, headers })).status;
    expect(await by({ authorization: `bearer ${api.key}` })).toBe(200);
    expect(await by({ authorization: api.key })).toBe(401);
    expect(await by({ authorization: `Basic ${api.key}` })).toBe(401);
    expect(await by({ 'x-api-key': api.key })).toBe(401);
    expect((await api.call('get', `${path}?api_key=${api.key}`, { key: null })).status).toBe(401);
  });
});

describe('a key that belongs elsewhere', () => {
  it.each(named('context'))('%s refuses the key of another Context and the management key', async (_id, operation) => {
    const path = pathOf(operation, api.contextId);
    for (const key of [other.key, api.managementKey]) {
      const answer = await api.call(operation.method, path, { key });
      expect([answer.status, answer.body['code']]).toEqual([401, 'unauthorized']);
    }
  });

  it.each(named('management'))('%s refuses the key of a Context', async (_id, operation) => {
    const answer = await api.call(operation.method, pathOf(operation, api.contextId), { key: api.key });
    expect([answer.status, answer.body['code']]).toEqual([401, 'unauthorized']);
  });

  it('says the same of an unknown Context as of a wrong key, so that Contexts cannot be enumerated', async () => {
    const stable = (body: Record<string, unknown>): unknown => ({ ...body, requestId: '', instance: '' });
    const wrong = await api.here('get', '/documents', { key: wrongKey(api.key) });
    const foreign = await api.call('get', `/api/v1/${other.contextId}/documents`, { key: api.key });
    const unknown = await api.call('get', '/api/v1/no-such-context/documents', { key: api.key });
    expect(unknown.status).toBe(401);
    expect(stable(unknown.body)).toEqual(stable(wrong.body));
    expect(stable(foreign.body)).toEqual(stable(wrong.body));
    const headers = (answer: typeof wrong): string[] => [...answer.headers.keys()].sort();
    expect(headers(unknown)).toEqual(headers(wrong));
  });

  it.each(['Demo', 'a_b', '-a', 'a-', 'a'.repeat(64), 'a%00b', 'a%2Fb'])(
    'a malformed Context id (%s) is 422, whoever asks',
    async (id) => {
      const answer = await api.call('get', `/api/v1/${id}/documents`, { key: api.key });
      expect([answer.status, answer.body['code']]).toEqual([422, 'malformed_id']);
    },
  );
});

describe('the life of a key', () => {
  const mint = async (ttl = ''): Promise<{ key: string; name: string }> => {
    const name = `key-${Math.random().toString(36).slice(2)}`;
    const answer = await api.here('post', `/keys${ttl}`, { json: { name } });
    expect(answer.status).toBe(201);
    return { key: mintedKeySchema.strict().parse(answer.body).key, name };
  };
  const listsWith = async (key: string): Promise<number> => (await api.here('get', '/documents', { key })).status;

  it('a minted key works, is listed without its secret, and stops at once when it is deleted', async () => {
    const { key, name } = await mint();
    expect(await listsWith(key)).toBe(200);
    const listed = await api.here('get', '/keys');
    expect(listed.body).toEqual(expect.arrayContaining([expect.objectContaining({ name, principalId: 'admin' })]));
    expect(listed.text).not.toContain(key.split('-').at(-1));
    expect((await api.here('delete', `/keys/${name}`)).status).toBe(204);
    expect(await listsWith(key)).toBe(401);
    expect((await api.here('delete', `/keys/${name}`)).body).toMatchObject({ status: 404, code: 'key_not_found' });
  });

  it('a key with a time to live ends by itself', async () => {
    const { key } = await mint('?ttl_seconds=1');
    expect(await listsWith(key)).toBe(200);
    await until('the key to expire', async () => ((await listsWith(key)) === 401 ? true : null), 5_000);
  });

  it('the operator mints, lists and deletes the keys of a principal', async () => {
    const at = `/api/v1/contexts/${api.contextId}/principals/admin/keys`;
    const minted = await api.call('post', `${at}/op.key-1`, {});
    expect(minted.status).toBe(201);
    const { key } = mintedKeySchema.parse(minted.body);
    expect(await listsWith(key)).toBe(200);
    expect((await api.call('post', `${at}/op.key-1`)).body).toMatchObject({ status: 409, code: 'key_name_taken' });
    for (const list of [at, `/api/v1/contexts/${api.contextId}/keys`]) {
      expect((await api.call('get', list)).body).toEqual(
        expect.arrayContaining([expect.objectContaining({ name: 'op.key-1' })]),
      );
    }
    expect((await api.call('delete', `${at}/op.key-1`)).status).toBe(204);
    expect(await listsWith(key)).toBe(401);
    const nobody = `/api/v1/contexts/${api.contextId}/principals/nobody/keys`;
    expect((await api.call('post', `${nobody}/a`)).body).toMatchObject({ status: 404, code: 'principal_not_found' });
    expect((await api.call('get', nobody)).body).toMatchObject({ status: 404, code: 'principal_not_found' });
  });

  it('answers POST without a body, and with the empty octet-stream of a client that always declares one', async () => {
    expect((await api.here('post', '/keys')).status).toBe(201);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': '0' };
    expect((await api.here('post', '/keys', { raw: '', headers })).status).toBe(201);
  });

  it('another Context cannot see or delete the keys of this one', async () => {
    const { name } = await mint();
    expect((await api.here('delete', `/keys/${name}`, { key: other.key })).status).toBe(401);
    const theirs = await api.call('delete', `/api/v1/${other.contextId}/keys/${name}`, { key: other.key });
    expect(theirs.body).toMatchObject({ status: 404, code: 'key_not_found' });
    expect((await api.here('get', '/keys')).text).toContain(name);
  });
});
