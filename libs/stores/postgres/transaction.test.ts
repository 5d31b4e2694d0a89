import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SpectraError, UnavailableError } from '#libs/contracts/index.js';
import { testDatabase, type TestDatabase } from '../../../test/setup/postgres-for-test.js';
import { createPool, isConnectionError, toUnavailable, withTransaction, type Transaction } from './index.js';

describe('withTransaction', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase({ max: 1 });
    await database.pool.query('create table note (text text not null)');
  });
  afterAll(() => database.drop());

  const notes = async (): Promise<string[]> =>
    (await database.pool.query<{ text: string }>('select text from note order by text')).rows.map((row) => row.text);
  const write = (tx: Transaction, text: string): Promise<unknown> => tx.query('insert into note values ($1)', [text]);

  it('commits what the function did and hands its result on', async () => {
    expect(await withTransaction(database.pool, (tx) => write(tx, 'kept').then(() => 42))).toBe(42);
    expect(await notes()).toEqual(['kept']);
  });

  it('rolls back when the function throws, and the connection stays usable', async () => {
    const work = withTransaction(database.pool, async (tx) => {
      await write(tx, 'lost');
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await notes()).toEqual(['kept']);
    expect(database.pool.totalCount).toBe(1);
  });

  it('refuses a handle that outlives its transaction', async () => {
    let kept: Transaction | undefined;
    await withTransaction(database.pool, (tx) => {
      kept = tx;
      return Promise.resolve();
    });
    await expect(kept?.query('select 1')).rejects.toThrow('This transaction has ended');
  });

  it('drops a connection that broke in the middle instead of handing it on', async () => {
    const killer = createPool({ url: database.url, max: 1, applicationName: 'killer', onError: () => undefined });
    const work = withTransaction(database.pool, async (tx) => {
      await write(tx, 'lost');
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      await killer.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await write(tx, 'lost too');
    });
    const error: unknown = await work.catch((e: unknown) => e);
    expect(isConnectionError(error)).toBe(true);
    expect(await notes()).toEqual(['kept']);
    await killer.end();
  });

  it('destroys the connection on abort, so that late queries of abandoned work change nothing', async () => {
    const controller = new AbortController();
    let late: Promise<unknown> | undefined;
    const work = withTransaction(
      database.pool,
      async (tx) => {
        await write(tx, 'lost');
        controller.abort(new Error('too slow'));
        late = write(tx, 'late');
        await late;
      },
      { signal: controller.signal },
    );
    await expect(work).rejects.toThrow();
    await expect(late).rejects.toThrow();
    expect(await notes()).toEqual(['kept']);
  });
});

describe('toUnavailable', () => {
  it('turns a refused connection into a retryable 503 without the address', async () => {
    const pool = createPool({
      url: 'postgres://nobody:secret@127.0.0.1:1/none',
      max: 1,
      applicationName: 't',
      onError: () => undefined,
    });
    const error = toUnavailable(await pool.query('select 1').catch((e: unknown) => e));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toMatchObject({ status: 503, retryable: true });
    expect(error.message).not.toMatch(/secret|127\.0\.0\.1/);
    await pool.end();
  });

  it('leaves errors alone that Postgres gave for a statement', () => {
    const refused = Object.assign(new Error('duplicate key'), { code: '23505' });
    expect(toUnavailable(refused)).toBe(refused);
    expect(toUnavailable(refused)).not.toBeInstanceOf(SpectraError);
  });
});
