import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { effectHandler, eventually, RelayWorld } from '../../test/setup/relay-for-test.js';
import { DependencyDownError, type EventHandler } from './index.js';

describe('the relay retries', () => {
  let world: RelayWorld;
  beforeAll(async () => {
    world = await RelayWorld.open();
  });
  afterEach(() => world.reset());
  afterAll(() => world.close());

  it('a poison event exactly 5 times, then it is a dead letter with its error; others are not delayed', async () => {
    let calls = 0;
    const failed: string[] = [];
    await world.relay(
      [
        effectHandler('test.effect'),
        {
          name: 'test.poison',
          eventType: 'test.poison',
          retry: { baseMs: 5, capMs: 20 },
          before: () => {
            calls += 1;
            return Promise.reject(new Error(`poison ${calls} \0`));
          },
        },
      ],
      { metrics: { onFailed: (event) => failed.push(event.eventId) } },
    );
    const ids = await world.insert({ type: 'test.poison' }, ...Array.from({ length: 50 }, () => ({})));
    const row = await world.until(ids[0], 'failed');
    expect(row).toMatchObject({ attempts: 5, last_error: 'test.poison: Error: poison 5 ', claim_token: null });
    expect(row.first_failed_at?.getTime()).toBeLessThan(row.claimed_at?.getTime() ?? 0);
    expect(calls).toBe(5);
    await eventually(() => {
      expect(failed).toEqual([ids[0]]);
    });
    const { rows } = await world.pool.query(
      `select distinct status, attempts from core.outbox where event_type = 'test.happened'`,
    );
    expect(rows).toEqual([{ status: 'delivered', attempts: 1 }]);
  });

  it('not before the back-off is over, counted from the failure by database time', async () => {
    let calls = 0;
    await world.relay(
      [
        {
          name: 'test.flaky',
          eventType: 'test.happened',
          before: () => {
            calls += 1;
            return Promise.reject(new Error('down'));
          },
        },
      ],
      { random: () => 0.999 },
    );
    const [id] = await world.insert({});
    const row = await eventually(async () => {
      const current = await world.row(id);
      expect(current).toMatchObject({ status: 'pending', attempts: 1 });
      return current;
    });
    const wait = row.available_at.getTime() - (row.first_failed_at?.getTime() ?? 0);
    expect(wait).toBeGreaterThan(900);
    expect(wait).toBeLessThanOrEqual(1_000);
    expect(row).toMatchObject({ claimed_by: null, claim_token: null, claim_expires_at: null });
    expect(calls).toBe(1);
  });

  it('when the back-off is over, not only at the next poll', async () => {
    const relay = await world.relay(
      [
        {
          name: 'test.flaky',
          eventType: 'test.happened',
          retry: { baseMs: 20, capMs: 20 },
          before: (event) => (event.attempt < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()),
        },
      ],
      { timing: { pollHealthyMs: 3_600_000, pollDegradedMs: 3_600_000 } },
    );
    await eventually(() => {
      expect(relay.status().listener.healthy).toBe(true);
    });
    const [id] = await world.insert({});
    expect(await world.until(id, 'delivered')).toMatchObject({ attempts: 3 });
  });

  it('without burning attempts while a dependency is down, and shows the open circuit', async () => {
    let down = true;
    const states: string[] = [];
    const start: EventHandler = {
      name: 'test.start',
      eventType: 'test.happened',
      before: () =>
        down ? Promise.reject(new DependencyDownError('temporal', 'connection refused')) : Promise.resolve(),
    };
    const relay = await world.relay([start], {
      random: () => 0,
      metrics: { onCircuit: (circuit) => states.push(circuit.state) },
    });
    await world.insert(...Array.from({ length: 60 }, () => ({})));
    await eventually(() => {
      expect(relay.status().circuit).toMatchObject({ state: 'open', dependency: 'temporal' });
    });
    // Several probes later nothing is spent.
    await eventually(async () => {
      expect(relay.status()).toMatchObject({ inFlight: 0, delivered: 0, failed: 0, retried: 0 });
      const { rows } = await world.pool.query(
        'select status, max(attempts) as most, count(*)::int as n from core.outbox group by 1',
      );
      expect(rows).toEqual([{ status: 'pending', most: 0, n: 60 }]);
    });
    down = false;
    await eventually(async () => {
      expect(await world.count('delivered')).toBe(60);
    });
    expect(relay.status().circuit).toEqual({ state: 'closed' });
    const { rows } = await world.pool.query('select distinct attempts from core.outbox');
    expect(rows).toEqual([{ attempts: 1 }]);
    expect(states).toEqual(['open', 'closed']);
  });

  it('a dead letter that an operator replays, with a fresh count and the failed cycle in its history', async () => {
    let healed = false;
    await world.relay([
      {
        name: 'test.flaky',
        eventType: 'test.happened',
        retry: { baseMs: 1, capMs: 2 },
        before: () => (healed ? Promise.resolve() : Promise.reject(new Error('broken'))),
      },
    ]);
    const [id, other] = await world.insert({}, {});
    await world.until(id, 'failed');
    await world.until(other, 'failed');
    await world.pool.query('update core.outbox set deleted_at = now() where id = $1', [other]);
    healed = true;
    const { rows } = await world.pool.query('select * from core.outbox_replay($1)', [[id, other, other]]);
    expect(rows).toEqual([{ id, generation: String(world.generation) }]);
    const row = await world.until(id, 'delivered');
    expect(row).toMatchObject({ attempts: 1, last_error: null, first_failed_at: null });
    expect(row.failure_history).toEqual([
      expect.objectContaining({
        attempts: 5,
        last_error: 'test.flaky: Error: broken',
        replayed_at: expect.any(String),
      }),
    ]);
    expect(await world.row(other)).toMatchObject({ status: 'failed' });
    const again = await world.pool.query('select * from core.outbox_replay($1)', [[id]]);
    expect(again.rows).toEqual([]);
  });
});
