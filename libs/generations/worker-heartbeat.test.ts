import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../test/setup/postgres-for-test.js';
import { eventually, recording } from '../../test/setup/relay-for-test.js';
import { WorkerHeartbeat, type WorkerHeartbeatOptions } from './index.js';

interface WorkerRow {
  state: string;
  last_seen: Date;
  started_at: Date;
  detail: unknown;
}

describe('the worker heartbeat', () => {
  let database: TestDatabase;
  const beats: WorkerHeartbeat[] = [];
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterEach(async () => {
    await Promise.all(beats.splice(0).map((beat) => beat.stop()));
    await database.pool.query('truncate core.workers');
  });
  afterAll(() => database.drop());

  function heartbeat(options: Partial<WorkerHeartbeatOptions> = {}): WorkerHeartbeat {
    const beat = new WorkerHeartbeat({
      url: database.url,
      workerId: 'w1',
      generation: 3,
      environment: 'test',
      host: 'host',
      pid: 42,
      roles: ['worker'],
      version: '0.1.0',
      logger: recording().logger,
      heartbeatMs: 20,
      random: () => 0.05,
      ...options,
    });
    beats.push(beat);
    return beat;
  }

  async function row(): Promise<WorkerRow> {
    const { rows } = await database.pool.query<WorkerRow>('select * from core.workers');
    if (rows.length !== 1 || rows[0] === undefined) throw new Error(`${rows.length} rows`);
    return rows[0];
  }

  it('registers the process as running, then refreshes last_seen and detail', async () => {
    let inFlight = 0;
    await heartbeat({ detail: () => ({ inFlight }) }).start();
    const first = await row();
    expect(first).toMatchObject({
      worker_id: 'w1',
      generation: '3',
      environment: 'test',
      state: 'running',
      host: 'host',
      pid: 42,
      roles: ['worker'],
      version: '0.1.0',
      detail: { inFlight: 0 },
    });
    inFlight = 5;
    await eventually(async () => {
      const later = await row();
      expect(later.last_seen.getTime()).toBeGreaterThan(first.last_seen.getTime());
      expect(later).toMatchObject({ started_at: first.started_at, detail: { inFlight: 5 } });
    });
  });

  it('shows reconnecting and running at once, without waiting for the next beat, with one correlation id', async () => {
    const { logger, lines } = recording();
    const beat = heartbeat({ heartbeatMs: 3_600_000, logger });
    await beat.start();
    beat.setState('reconnecting');
    await eventually(async () => {
      expect((await row()).state).toBe('reconnecting');
    });
    beat.setState('running');
    await eventually(async () => {
      expect((await row()).state).toBe('running');
    });
    const transitions = lines.filter((line) => line['msg'] === 'worker state');
    expect(transitions.map((line) => line['state'])).toEqual(['reconnecting', 'running']);
    expect(new Set(transitions.map((line) => line['correlationId'])).size).toBe(1);
  });

  it('opens a lost connection again and goes on beating', async () => {
    await heartbeat().start();
    for (let round = 0; round < 3; round++) {
      const before = await row();
      await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'spectra-heartbeat w1'`,
      );
      const { rows } = await database.pool.query<{ now: Date }>('select now()');
      const cutAt = rows[0]?.now ?? before.last_seen;
      await eventually(async () => {
        expect((await row()).last_seen.getTime()).toBeGreaterThan(cutAt.getTime());
      });
    }
    expect((await row()).state).toBe('running');
  });

  it('marks the row exited on stop, and nothing brings it back', async () => {
    const beat = heartbeat();
    await beat.start();
    await beat.stop();
    const exited = await row();
    expect(exited.state).toBe('exited');
    beat.setState('running');
    await beat.stop();
    const { rows } = await database.pool.query(
      `select from pg_stat_activity where application_name = 'spectra-heartbeat w1'`,
    );
    expect(rows).toEqual([]);
    expect((await row()).last_seen).toEqual(exited.last_seen);
  });

  it('rejects a start without a database, and stops without one', async () => {
    const beat = heartbeat({ url: 'postgres://nobody@127.0.0.1:1/none' });
    await expect(beat.start()).rejects.toThrow();
    await beat.stop();
  });
});
