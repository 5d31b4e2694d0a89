import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { createPool } from '#libs/stores/postgres/index.js';
import { testDatabase, type TestDatabase } from '../../test/setup/postgres-for-test.js';
import { prepared, queryPrepared } from './prepared.js';

const DOUBLE = prepared('double', 'select $1::int * 2 as result');

describe('prepared statements', () => {
  let database: TestDatabase;
  let pool: Pool;

  beforeAll(async () => {
    database = await testDatabase();
    // One connection, so that every statement meets the same session.
    pool = createPool({ url: database.url, max: 1, applicationName: 'prepared', onError: () => undefined });
  });

  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const double = async (value: number): Promise<unknown> => (await queryPrepared(pool, DOUBLE, [value])).rows[0];
  const preparedNames = async (): Promise<string[]> =>
    (await pool.query<{ name: string }>('select name from pg_prepared_statements')).rows.map((row) => row.name);

  it('are parsed once for a connection', async () => {
    expect(await double(1)).toEqual({ result: 2 });
    expect(await double(2)).toEqual({ result: 4 });
    expect(await preparedNames()).toEqual([DOUBLE.name]);
  });

  it('pass on errors that are not about the preparation', async () => {
    const divide = prepared('divide', 'select 1 / $1::int as result');
    await expect(queryPrepared(pool, divide, [0])).rejects.toMatchObject({ code: '22012' });
  });

  it('are given up on a connection that another transaction may have left without them', async () => {
    await double(1);
    // What a transaction pooler does when it hands the next transaction to another server connection.
    await pool.query('deallocate all');
    expect(await double(3)).toEqual({ result: 6 });
    await pool.query('deallocate all');
    expect(await double(4)).toEqual({ result: 8 });
    expect(await preparedNames()).toEqual([]);
  });

  it('of different texts have different names', () => {
    expect(prepared('claim', 'select 1').name).not.toBe(prepared('claim', 'select 2').name);
  });
});
