import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contextListSchema, contextSchema } from '#libs/contracts/index.js';
import { databaseExists, claimVectorIndexIdentity, migrateDatabase, query } from '#libs/stores/surreal/index.js';
import { TestApi, uploadParts } from '../../../test/setup/api-for-test.js';

let api: TestApi;
let namespace = '';
beforeAll(async () => {
  api = await TestApi.start();
  namespace = `${api.services.settings.SPECTRA_SURREALDB_NAMESPACE}x`;
});
afterAll(() => api.stop());

const freshId = (): string => `c-${randomBytes(6).toString('hex')}`;
const create = (id: string, json: Record<string, unknown> = { namespace, database: id }) =>
  api.call('post', `/api/v1/contexts/${id}`, { json });
const mint = async (id: string): Promise<string> =>
  String((await api.call('post', `/api/v1/contexts/${id}/principals/admin/keys/k`)).body['key']);

describe('a Context', () => {
  it('is created as the contract has it, listed and read', async () => {
    const id = freshId();
    const created = await create(id, { namespace, database: id, description: 'For tests', config: { a: { b: 1 } } });
    expect(created.status).toBe(201);
    const context = contextSchema.strict().parse(created.body);
    expect(context).toMatchObject({
      id,
      namespace,
      database: id,
      description: 'For tests',
      config: { a: { b: 1 } },
      embedding: { model: api.services.embeddings.id, dimensions: api.services.embeddings.dimensions },
    });
    expect((await api.call('get', `/api/v1/contexts/${id}`)).body).toEqual(context);
    const listed = contextListSchema.strict().parse((await api.call('get', '/api/v1/contexts')).body);
    expect(listed.contexts).toContainEqual(context);
    expect(await databaseExists(api.services.server, { namespace, database: id })).toBe(true);
  });

  it('of a taken id, or over the database of another, is 409 and leaves the first alone', async () => {
    const id = freshId();
    expect((await create(id)).status).toBe(201);
    expect((await create(id)).body).toMatchObject({ status: 409, code: 'context_exists' });
    const other = await create(freshId(), { namespace, database: id });
    expect(other.body).toMatchObject({ status: 409, code: 'database_taken' });
    const key = await mint(id);
    expect((await api.call('get', `/api/v1/${id}/documents`, { key })).status).toBe(200);
  });

  it('created twice at once is made once', async () => {
    const id = freshId();
    const statuses = (await Promise.all([1, 2, 3, 4].map(() => create(id)))).map((answer) => answer.status);
    expect(statuses.sort()).toEqual([201, 409, 409, 409]);
    expect((await api.call('get', `/api/v1/contexts/${id}`)).status).toBe(200);
  });

  it('cannot lie in the control plane, take the name of a route, or bear a malformed name', async () => {
    const reserved = api.services.settings.SPECTRA_SURREALDB_NAMESPACE;
    expect((await create(freshId(), { namespace: reserved, database: 'x' })).body).toMatchObject({
      status: 422,
      code: 'reserved_namespace',
    });
    expect((await create('health')).body).toMatchObject({ status: 422, code: 'reserved_id' });
    expect((await create('Not_An_Id')).body).toMatchObject({ status: 422, code: 'malformed_id' });
    for (const json of [{}, { namespace }, { namespace: 'a b', database: 'x' }, { namespace, database: '`; REMOVE' }])
      expect((await create(freshId(), json)).body).toMatchObject({ status: 400, code: 'validation_error' });
  });

  it('that is not there is 404 for its operator', async () => {
    const id = freshId();
    for (const [method, rest] of [
      ['get', ''],
      ['delete', ''],
      ['get', '/keys'],
      ['post', '/principals/admin/keys/a'],
    ] as const)
      expect((await api.call(method, `/api/v1/contexts/${id}${rest}`)).body).toMatchObject({
        status: 404,
        code: 'context_not_found',
      });
  });
});

describe('a deleted Context', () => {
  it('is gone with its database, keys and files; the same id can be made again, empty', async () => {
    const id = freshId();
    await create(id);
    const key = await mint(id);
    const parts = uploadParts('Something to forget.');
    expect((await api.call('post', `/api/v1/${id}/documents`, { key, parts })).status).toBe(202);
    const files = async (): Promise<string[]> => (await api.objectKeys()).filter((name) => name.includes(`/${id}/`));
    expect(await files()).toHaveLength(1);

    expect((await api.call('delete', `/api/v1/contexts/${id}`)).status).toBe(204);
    expect((await api.call('get', `/api/v1/contexts/${id}`)).status).toBe(404);
    expect((await api.call('get', `/api/v1/${id}/documents`, { key })).status).toBe(401);
    expect(await databaseExists(api.services.server, { namespace, database: id })).toBe(false);
    expect(await files()).toEqual([]);
    expect((await api.call('delete', `/api/v1/contexts/${id}`)).status).toBe(404);

    expect((await create(id)).status).toBe(201);
    expect((await api.call('get', `/api/v1/${id}/documents`, { key })).status).toBe(401);
    const again = await api.call('get', `/api/v1/${id}/documents`, { key: await mint(id) });
    expect(again.body).toMatchObject({ documents: [], total: 0 });
  });
});

describe('the registry', () => {
  it('takes over a creation that was cut off, and finishes a deletion that was cut off', async () => {
    const { registry, server } = api.services;
    const id = freshId();
    const control = await server.control();
    await query(
      control,
      `CREATE type::record('context', $id) CONTENT { namespace: $namespace, database: $id, config: {}, embedding_model: 'm',
         embedding_dimensions: 8, state: 'provisioning', made_database: true, created_at: time::now() - 2m }`,
      { id, namespace },
    );
    expect(await registry.find(id)).toBeNull();
    expect((await create(id)).status).toBe(201);
    await expect(registry.delete(id, () => Promise.reject(new Error('disk')))).rejects.toThrow('disk');
    expect(await registry.find(id)).toBeNull();
    expect((await api.call('delete', `/api/v1/contexts/${id}`)).status).toBe(204);
    expect((await create(id)).status).toBe(201);
  });

  it('never removes a database that was there before a creation that fails', async () => {
    const { registry, server } = api.services;
    const id = freshId();
    const ref = { namespace, database: id };
    await migrateDatabase(server, ref, 'context', { dimensions: 8, ...(await claimVectorIndexIdentity(server)) });
    await query(
      await server.session(ref),
      'DEFINE TABLE OVERWRITE principal SCHEMAFULL; DEFINE FIELD OVERWRITE kind ON principal TYPE int',
    );
    await expect(registry.create(id, { namespace, database: id })).rejects.toThrow();
    expect(await databaseExists(server, ref)).toBe(true);
    expect((await api.call('get', `/api/v1/contexts/${id}`)).status).toBe(404);
  });
});
