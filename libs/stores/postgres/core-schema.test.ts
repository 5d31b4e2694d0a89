import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../../test/setup/postgres-for-test.js';

/** Word for word from the deployment topology runbook. */
const RUNBOOK = {
  deployments: `SELECT generation, reference, deployed_at, deployed_by, tag
FROM core.deployments
ORDER BY generation DESC
LIMIT 5;`,
  workers: `SELECT generation, count(*), max(last_seen) AS most_recent_beat
FROM core.workers
WHERE state = 'running'
GROUP BY generation
ORDER BY generation DESC;`,
  outbox: `SELECT generation, status, count(*)
FROM core.outbox
WHERE deleted_at IS NULL
GROUP BY generation, status
ORDER BY generation DESC, status;`,
  heartbeat: `SELECT worker_id, generation, environment, state, last_seen, started_at
FROM core.workers
ORDER BY last_seen DESC;`,
  deadLetters: `SELECT id, event_type, source, target, domain_id, attempts, last_error, first_failed_at, claimed_at AS failed_at,
  jsonb_array_length(failure_history) AS prior_replay_count
FROM core.outbox WHERE status = 'failed' AND deleted_at IS NULL;`,
};

describe('the core schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
    await database.pool.query(`
      insert into core.deployments (reference, deployed_by, tag) values ('abc', 'ci', 'v1'), ('def', 'ci', null);
      insert into core.workers (worker_id, generation, environment, state, host, pid, roles, version)
      select 'w' || n, n % 2 + 1, 'test', case when n = 3 then 'exited' else 'running' end, 'h', n, '{worker}', '0'
        from generate_series(0, 3) n;
      insert into core.outbox (event_type, event_version, source, content_class, generation, payload, idempotency_key, status,
                               deleted_at)
      values ('a', 1, 's', 'SYNTHETIC', 1, '{}', 'k', 'pending', null), ('a', 1, 's', 'SYNTHETIC', 2, '{}', 'k', 'failed', null),
             ('a', 1, 's', 'SYNTHETIC', 2, '{}', 'k', 'failed', now()), ('a', 1, 's', 'SYNTHETIC', 2, '{}', 'k', 'delivered', null)`);
  });
  afterAll(() => database.drop());

  const run = async (sql: string): Promise<Record<string, unknown>[]> =>
    (await database.pool.query<Record<string, unknown>>(sql)).rows;

  it('answers the inspection queries of the runbook unchanged', async () => {
    const deployments = await run(RUNBOOK.deployments);
    expect(deployments.map((row) => [row['reference'], row['tag']])).toEqual([
      ['def', null],
      ['abc', 'v1'],
    ]);
    const workers = await run(RUNBOOK.workers);
    expect(workers.map((row) => [row['generation'], row['count']])).toEqual([
      ['2', '1'],
      ['1', '2'],
    ]);
    const outbox = await run(RUNBOOK.outbox);
    expect(outbox.map((row) => [row['generation'], row['status'], row['count']])).toEqual([
      ['2', 'delivered', '1'],
      ['2', 'failed', '1'],
      ['1', 'pending', '1'],
    ]);
    expect(await run(RUNBOOK.heartbeat)).toHaveLength(4);
    expect(await run(RUNBOOK.deadLetters)).toEqual([expect.objectContaining({ prior_replay_count: 0, attempts: 0 })]);
  });

  it('explains every table and column to an operator', async () => {
    const silent = await run(`
      select c.relname || '.' || a.attname as name
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'core' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
         and c.relname in ('outbox', 'event_handled')
         and col_description(c.oid, a.attnum) is null`);
    expect(silent).toEqual([]);
  });

  it('serves claim and reaper from their partial indexes, in order, without a sort', async () => {
    await database.pool.query(`
      insert into core.outbox (event_type, event_version, source, content_class, generation, payload, idempotency_key, status)
      select 'a', 1, 's', 'SYNTHETIC', n % 4 + 1, '{}', n::text, case when n % 10 = 0 then 'pending' else 'delivered' end
        from generate_series(1, 20000) n;
      analyze core.outbox`);
    const plan = async (sql: string): Promise<string> =>
      (await run(`explain ${sql}`)).map((row) => String(row['QUERY PLAN'])).join('\n');
    const claim =
      await plan(`select id from core.outbox where generation = 2 and status = 'pending' and deleted_at is null
      and claim_expires_at is null and available_at <= now() order by available_at limit 50 for update skip locked`);
    expect(claim).toContain('outbox_claim_idx');
    expect(claim).not.toContain('Sort');
    const reaper = await plan(`select id from core.outbox where generation = 2 and status = 'in_flight'
      and claim_expires_at < now() order by claim_expires_at limit 500 for update skip locked`);
    expect(reaper).toContain('outbox_reaper_idx');
    expect(reaper).not.toContain('Sort');
  });

  it('refuses an in_flight row without a whole claim, unknown states and generations below 1', async () => {
    const insert = (columns: string, values: string): Promise<unknown> =>
      database.pool
        .query(`insert into core.outbox (event_type, event_version, source, content_class, payload, idempotency_key, ${columns})
        values ('a', 1, 's', 'SYNTHETIC', '{}', 'k', ${values})`);
    await expect(insert('generation, status', `1, 'in_flight'`)).rejects.toThrow('outbox_claim_is_whole');
    await expect(insert('generation, claim_token', `1, gen_random_uuid()`)).rejects.toThrow(
      'outbox_token_means_in_flight',
    );
    await expect(insert('generation, status', `1, 'PENDING'`)).rejects.toThrow('outbox_status_check');
    await expect(insert('generation', '0')).rejects.toThrow('outbox_generation_check');
    await expect(
      database.pool.query(`insert into core.deployments (generation, reference, deployed_by) values (1, 'r', 'me')`),
    ).rejects.toThrow('cannot insert a non-DEFAULT value');
  });
});
