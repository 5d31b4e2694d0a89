import { afterAll, beforeEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../test/setup/postgres-for-test.js';
import { activate, activeGeneration, allocateGeneration, head, resolveDevGeneration, verifyCodeHash } from './index.js';

describe('generations', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  beforeEach(() => database.pool.query('delete from core.deployments'));
  afterAll(() => database.drop());

  const allocate = (codeHash?: string): Promise<number> =>
    allocateGeneration(database.pool, {
      reference: 'main',
      tag: 'v1',
      deployedBy: 'ci',
      ...(codeHash === undefined ? {} : { codeHash }),
    });

  it('are allocated once each, whoever asks at the same time, and the newest is the head', async () => {
    expect(await head(database.pool)).toBeNull();
    const generations = await Promise.all(Array.from({ length: 20 }, () => allocate()));
    expect(new Set(generations).size).toBe(20);
    expect(generations.every((generation) => Number.isSafeInteger(generation))).toBe(true);
    expect(await head(database.pool)).toBe(Math.max(...generations));
  });

  it('are not reused after a rolled-back allocation', async () => {
    const first = await allocate();
    await database.pool.query('begin; insert into core.deployments (reference, deployed_by) values (1, 1); rollback');
    expect(await allocate()).toBeGreaterThan(first);
  });

  it('are active from their last activation; going back is an activation like any other', async () => {
    expect(await activeGeneration(database.pool)).toBeNull();
    const [old, young] = [await allocate(), await allocate()];
    await activate(database.pool, old);
    await activate(database.pool, young);
    expect(await activeGeneration(database.pool)).toBe(young);
    await activate(database.pool, old);
    expect(await activeGeneration(database.pool)).toBe(old);
    await allocate();
    expect(await activeGeneration(database.pool)).toBe(old);
  });

  it('cannot be activated when retired or unknown', async () => {
    const generation = await allocate();
    await database.pool.query('update core.deployments set retired_at = now()');
    await expect(activate(database.pool, generation)).rejects.toMatchObject({ code: 'generation_retired' });
    await expect(activate(database.pool, generation + 1)).rejects.toMatchObject({ code: 'generation_unknown' });
  });

  it('are kept by a development restart and changed by other code, also by older code that comes back', async () => {
    const start = (codeHash: string): Promise<number> =>
      resolveDevGeneration(database.pool, { codeHash, reference: 'HEAD' });
    const first = await start('aaa');
    expect(await start('aaa')).toBe(first);
    const second = await start('bbb');
    expect(second).toBeGreaterThan(first);
    const back = await start('aaa');
    expect(back).toBeGreaterThan(second);
    const together = await Promise.all(Array.from({ length: 8 }, () => start('ccc')));
    expect(new Set(together).size).toBe(1);
  });

  it('belong to the code of their first process: another hash is refused, saying which', async () => {
    const generation = await allocate();
    await verifyCodeHash(database.pool, generation, 'a'.repeat(64));
    await verifyCodeHash(database.pool, generation, 'a'.repeat(64));
    await expect(verifyCodeHash(database.pool, generation, 'b'.repeat(64))).rejects.toMatchObject({
      code: 'code_hash_mismatch',
      message: expect.stringMatching(/carries code hash aaaaaaaaaaaa, this build has bbbbbbbbbbbb/),
    });
    await expect(verifyCodeHash(database.pool, generation + 1, 'a')).rejects.toThrow(/was never allocated/);
  });

  it('let exactly one of two racing first processes with different code in', async () => {
    const generation = await allocate();
    const results = await Promise.allSettled([
      verifyCodeHash(database.pool, generation, 'aaa'),
      verifyCodeHash(database.pool, generation, 'bbb'),
    ]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
