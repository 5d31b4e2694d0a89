import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultWorld } from './fault-world.js';

// Fault 16, Postgres: SQLSTATE 53100 (disk_full), at the insert and as late as at the commit.
describe('a Postgres without disk space', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open();
    await world.test.services.pool.query(`
      create function core.full() returns trigger language plpgsql as $$
      begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);
  });
  afterEach(() => world.close());

  it.each([
    [
      'the row is written',
      'create trigger disk_full before insert on core.outbox for each row execute function core.full()',
    ],
    [
      'it is committed',
      `create constraint trigger disk_full after insert on core.outbox deferrable initially deferred
       for each row execute function core.full()`,
    ],
  ])(
    'when %s: the upload is refused with 503, nothing of it stays, and the same upload works later',
    async (_when, trigger) => {
      const { pool } = world.test.services;
      await pool.query(trigger);
      const url = await (await world.startReady('api')).ready();
      const file = { content: 'There is no room for the promise.' };
      const refused = await world.upload(url, file);
      expect(await refused.json()).toMatchObject({ status: 503, code: 'storage_full', retryable: true });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await world.objectKeys()).toEqual([]);
      expect(await world.outbox()).toEqual([]);
      expect(await world.documents.list({ page: 0, pageSize: 1 })).toMatchObject({ total: 0 });

      await pool.query('drop trigger disk_full on core.outbox');
      expect(await (await world.upload(url, file)).json()).toMatchObject({ status: 'queued', deduplicated: false });
      expect(await world.outbox()).toHaveLength(1);
      expect(await world.objectKeys()).toHaveLength(1);
    },
    60_000,
  );
});
