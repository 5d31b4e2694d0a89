import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { UnavailableError } from '#libs/contracts/index.js';
import { SurrealServer } from './connection.js';
import { databaseExists, dropDatabase, migrateDatabase } from './migrations.js';
import { claimVectorIndexIdentity } from './vector-index-identity.js';
import { atomic, query } from './query.js';

const [url = '', user = '', password = ''] = (process.env['SPECTRA_TEST_SURREALDB'] ?? '').split(';');
let controlNamespace = '';
let server: SurrealServer;
beforeEach(() => {
  controlNamespace = `t${randomBytes(8).toString('hex')}`;
  server = new SurrealServer({ url, user, password, controlNamespace });
});
afterEach(() => server.close());

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('the connection', () => {
  it('keeps databases apart on one connection', async () => {
    const [one, two] = ['one', 'two'].map((database) => ({ namespace: controlNamespace, database }));
    if (!one || !two) throw new Error('two databases');
    for (const ref of [one, two]) await migrateDatabase(server, ref, 'control');
    await query(await server.session(one), `CREATE api_key:a SET name = 'a', hash = 'h', created_at = time::now()`);
    const count = async (ref: typeof one): Promise<number> =>
      (await query<[unknown[]]>(await server.session(ref), 'SELECT id FROM api_key'))[0].length;
    expect([await count(one), await count(two)]).toEqual([1, 0]);
  });

  it('leaves no timer behind for a session that was closed', async () => {
    await server.administer((session) => query(session, 'INFO FOR ROOT'));
    const before = timers();
    for (let i = 0; i < 5; i++) await server.administer((session) => query(session, 'INFO FOR ROOT'));
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('says that the server does not answer when nothing listens or the password is wrong', async () => {
    for (const options of [
      { url: 'ws://127.0.0.1:9', password },
      { url, password: 'wrong' },
    ]) {
      const other = new SurrealServer({ user, controlNamespace, connectTimeoutMs: 500, ...options });
      await expect(other.control()).rejects.toThrow(UnavailableError);
      expect(await other.isConnected()).toBe(false);
      await other.close();
    }
    expect(await server.isConnected()).toBe(true);
  });
});

describe('databases', () => {
  it('are created with their schema once, found, and removed with everything in them', async () => {
    const ref = { namespace: controlNamespace, database: 'a' };
    expect(await databaseExists(server, ref)).toBe(false);
    expect(
      await migrateDatabase(server, ref, 'context', { dimensions: 8, ...(await claimVectorIndexIdentity(server)) }),
    ).toBe(2);
    expect(
      await migrateDatabase(server, ref, 'context', { dimensions: 8, ...(await claimVectorIndexIdentity(server)) }),
    ).toBe(2);
    expect(await databaseExists(server, ref)).toBe(true);
    await dropDatabase(server, ref);
    expect(await databaseExists(server, ref)).toBe(false);
    expect(
      await migrateDatabase(server, ref, 'context', { dimensions: 8, ...(await claimVectorIndexIdentity(server)) }),
    ).toBe(2);
    const [documents] = await query<[unknown[]]>(await server.session(ref), 'SELECT * FROM document');
    expect(documents).toEqual([]);
  });
});

describe('atomic', () => {
  it('does all of a unit or nothing, and says which statement was the reason', async () => {
    await migrateDatabase(server, { namespace: controlNamespace, database: 'metadata' }, 'control');
    const control = await server.control();
    const unit = `BEGIN; CREATE api_key:b SET name = 'b', hash = 'h', created_at = time::now(); THROW 'out of honey'; CREATE api_key:c SET name = 'c', hash = 'h', created_at = time::now(); COMMIT;`;
    await expect(atomic(control, unit)).rejects.toThrow(/out of honey/);
    expect((await query<[unknown[]]>(control, 'SELECT id FROM api_key'))[0]).toEqual([]);
  });

  it('loses no increment of writers that conflict', async () => {
    await migrateDatabase(server, { namespace: controlNamespace, database: 'metadata' }, 'control');
    const control = await server.control();
    await query(control, 'DEFINE TABLE counter SCHEMALESS; CREATE counter:one SET n = 0');
    await Promise.all(
      Array.from({ length: 20 }, () => atomic(control, 'BEGIN; UPDATE counter:one SET n += 1; COMMIT;')),
    );
    expect((await query<[number]>(control, 'SELECT VALUE n FROM ONLY counter:one'))[0]).toBe(20);
  });
});
