import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { testDatabase, type TestDatabase } from '../../../test/setup/postgres-for-test.js';
import { migrate } from './index.js';

describe('migrate', () => {
  let database: TestDatabase;
  let folder: string;
  let directory: URL;

  beforeAll(async () => {
    database = await testDatabase();
    await database.pool.query('drop schema core cascade');
    folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    directory = pathToFileURL(`${folder}/`);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await database.drop();
  });

  const file = (name: string, sql: string): Promise<void> => writeFile(join(folder, name), sql);
  const run = (): Promise<{ applied: string[] }> => migrate(database.url, { directory });

  it('applies each file once when several processes start together, and nothing the next time', async () => {
    await file('0001_first.sql', 'create table first (id int); select pg_sleep(0.2);');
    await file('0002_second.sql', 'create table second (id int);');
    const lines: string[] = [];
    const results = await Promise.all(
      Array.from({ length: 4 }, () => migrate(database.pool, { directory, log: (line) => lines.push(line) })),
    );
    expect(results.flatMap((result) => result.applied).sort()).toEqual(['0001_first', '0002_second']);
    expect(lines.filter((line) => line.startsWith('another process is migrating'))).toHaveLength(3);
    expect(await run()).toEqual({ applied: [] });
  });

  it('runs a `-- no-transaction` file outside a transaction, also while another migrator waits', async () => {
    await file(
      '0003_index.sql',
      '-- no-transaction\ncreate index concurrently if not exists first_id on first (id);\n',
    );
    const results = await Promise.all([run(), run()]);
    expect(results.flatMap((result) => result.applied)).toEqual(['0003_index']);
  });

  it('rolls a failing file back whole and keeps the ones before it', async () => {
    await file('0004_fine.sql', 'create table fine (id int);');
    await file('0005_broken.sql', 'create table half (id int); select 1/0;');
    await expect(run()).rejects.toThrow('Migration 0005_broken failed: division by zero');
    const { rows } = await database.pool.query(
      `select to_regclass('fine') is not null as fine, to_regclass('half') is not null as half`,
    );
    expect(rows).toEqual([{ fine: true, half: false }]);
    await rm(join(folder, '0005_broken.sql'));
  });

  it('refuses an applied file that was changed, naming it', async () => {
    await file('0002_second.sql', 'create table second (id bigint);');
    await expect(run()).rejects.toThrow('Migration 0002_second differs from the one that was applied');
    await file('0002_second.sql', 'create table second (id int);');
    expect(await run()).toEqual({ applied: [] });
  });

  it('accepts the same file with other line ends', async () => {
    await file('0002_second.sql', 'create table second (id int);');
    await file(
      '0003_index.sql',
      '-- no-transaction\r\ncreate index concurrently if not exists first_id on first (id);\r\n',
    );
    expect(await run()).toEqual({ applied: [] });
  });

  it('leaves versions that it does not know alone: older code starts on a newer schema', async () => {
    await rm(join(folder, '0004_fine.sql'));
    expect(await run()).toEqual({ applied: [] });
  });

  it('refuses a new file numbered below the newest applied one', async () => {
    await database.pool.query('delete from core.schema_migrations where version = 1');
    await expect(run()).rejects.toThrow('0001_first is numbered below 4');
  });

  it('refuses two files with one number and names of another form', async () => {
    await file('0002_twin.sql', 'select 1;');
    await expect(run()).rejects.toThrow('share a number');
    await rm(join(folder, '0002_twin.sql'));
    await file('2_short.sql', 'select 1;');
    await expect(run()).rejects.toThrow('Name migrations NNNN_lower_case.sql');
  });
});
