import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { effectHandler, eventually, RelayWorld, severablePool } from '../../test/setup/relay-for-test.js';
import type { EventHandler } from './index.js';

/** Long enough for a busy machine to renew in time, short enough to wait for. */
const SHORT_LEASE = { claimTtlMs: 900, handlerMaxMs: 800 };

describe('a lease', () => {
  let world: RelayWorld;
  beforeAll(async () => {
    world = await RelayWorld.open();
  });
  afterEach(async () => {
    for (const end of corpses.splice(0)) end();
    await world.reset();
    await Promise.all(closers.splice(0).map((close) => close()));
  });
  afterAll(() => world.close());

  const corpses: (() => void)[] = [];
  const closers: (() => Promise<void>)[] = [];

  /** A relay that claims and then neither does nor says anything more, as after kill -9. */
  async function crashWith(count: number, fault = 'after-claim'): Promise<string[]> {
    const cut = severablePool(world.database.url);
    let crashed = false;
    await world.relay([effectHandler('test.effect')], {
      pool: cut.pool,
      workerId: 'crashed',
      timing: SHORT_LEASE,
      fault: async (point) => {
        if (point !== fault) return;
        await cut.sever();
        crashed = true;
        await new Promise<void>((resolve) => corpses.push(resolve));
      },
    });
    closers.push(() => cut.close());
    const ids = await world.insert(...Array.from({ length: count }, () => ({})));
    await eventually(() => {
      expect(crashed).toBe(true);
    });
    return ids;
  }

  it.each(['after-claim', 'after-start', 'before-commit'])(
    'that a crash at %s leaves behind expires; the row is claimed again, attempts 2, and the effect happens once',
    async (point) => {
      const [id] = await crashWith(1, point);
      expect(await world.row(id)).toMatchObject({ status: 'in_flight', attempts: 1, claimed_by: 'crashed' });
      await world.relay([effectHandler('test.effect')], { workerId: 'survivor', timing: SHORT_LEASE });
      expect(await world.until(id, 'delivered')).toMatchObject({
        attempts: 2,
        claimed_by: 'survivor',
        last_error: expect.stringContaining('worker crashed crashed, froze or lost the database'),
      });
      expect(await world.effects()).toEqual([`test.effect ${String(id)}`]);
    },
  );

  it('that a crash just after the commit leaves nothing behind: one effect, attempts 1', async () => {
    const [id] = await crashWith(1, 'after-commit');
    expect(await world.row(id)).toMatchObject({ status: 'delivered', attempts: 1 });
    expect(await world.effects()).toEqual([`test.effect ${String(id)}`]);
  });

  it('that expired brings rows back one by one: each is alone in its relay, while others are delivered in between', async () => {
    const lapsed = new Set(await crashWith(8));
    let inFlight = 0;
    const companions: number[] = [];
    await world.relay(
      [
        {
          name: 'test.watch',
          eventType: 'test.happened',
          before: async (event) => {
            inFlight += 1;
            await world.pool.query('select pg_sleep(0.01)');
            if (lapsed.has(event.eventId)) companions.push(inFlight);
            inFlight -= 1;
          },
        },
      ],
      { timing: SHORT_LEASE },
    );
    await eventually(async () => {
      expect(await world.count('delivered')).toBeGreaterThan(0);
      await world.insert({}, {}, {});
    });
    await eventually(async () => {
      expect([await world.count('pending'), await world.count('in_flight')]).toEqual([0, 0]);
    });
    expect(companions).toEqual(Array.from({ length: 8 }, () => 1));
  });

  it('is renewed while the row is held: together its handlers may take longer than the TTL', async () => {
    let calls = 0;
    const slow: EventHandler = {
      name: 'test.slow',
      eventType: 'test.happened',
      before: async () => {
        calls += 1;
        await world.pool.query('select pg_sleep(1)');
      },
      apply: async (tx) => {
        await tx.query('select pg_sleep(1)');
      },
    };
    const timing = { claimTtlMs: 1_500, handlerMaxMs: 1_400 };
    await world.relay([slow], { timing });
    await world.relay([slow], { timing });
    const [id] = await world.insert({});
    const expiries = new Set<number>();
    await eventually(async () => {
      const row = await world.row(id);
      if (row.claim_expires_at !== null) expiries.add(row.claim_expires_at.getTime());
      expect(row).toMatchObject({ status: 'delivered', attempts: 1 });
    });
    expect(expiries.size).toBeGreaterThanOrEqual(2);
    expect(calls).toBe(1);
  });

  it('that was lost lets a late handler commit nothing, and aborts its signal', async () => {
    let reason: unknown;
    let release: () => void = () => undefined;
    const relay = await world.relay(
      [
        {
          ...effectHandler('test.effect'),
          before: (_event, signal) =>
            new Promise((resolve) => {
              release = resolve;
              signal.addEventListener('abort', () => {
                reason = signal.reason;
                resolve();
              });
            }),
        },
      ],
      { timing: { claimTtlMs: 2_100 } },
    );
    const [id] = await world.insert({});
    await world.until(id, 'in_flight');
    const { rows } = await world.pool.query<{ claim_token: string }>(
      `update core.outbox set claim_token = gen_random_uuid(), claimed_by = 'thief' where id = $1 returning claim_token`,
      [id],
    );
    await eventually(() => {
      expect(relay.status().inFlight).toBe(0);
    });
    release();
    expect(reason).toMatchObject({ name: 'LeaseLostError' });
    expect(await world.row(id)).toMatchObject({
      status: 'in_flight',
      claimed_by: 'thief',
      claim_token: rows[0]?.claim_token,
    });
    expect(await world.effects()).toEqual([]);
  });

  it.each([
    ['with an effect', effectHandler('test.effect')],
    ['without one', { name: 'test.start', eventType: 'test.happened', before: () => Promise.resolve() }],
  ])(
    'that was lost between the handler and the mark leaves gate, effect and row alone: handler %s',
    async (_, handler) => {
      const relay = await world.relay([handler], {
        fault: async (point) => {
          if (point === 'after-start') await world.pool.query('update core.outbox set claim_token = gen_random_uuid()');
        },
      });
      const [id] = await world.insert({});
      await world.until(id, 'in_flight');
      await eventually(() => {
        expect(relay.status().inFlight).toBe(0);
      });
      expect(await world.row(id)).toMatchObject({ status: 'in_flight', attempts: 1 });
      expect(await world.effects()).toEqual([]);
      const { rows } = await world.pool.query('select * from core.event_handled');
      expect(rows).toEqual([]);
    },
  );

  it('whose row has spent its attempts by crashing makes it a dead letter: attempts are not touched', async () => {
    const [id] = await crashWith(1);
    await world.pool.query('update core.outbox set attempts = 5 where id = $1', [id]);
    await world.relay([effectHandler('test.effect')], { timing: SHORT_LEASE });
    expect(await world.until(id, 'failed')).toMatchObject({
      attempts: 5,
      claimed_by: 'crashed',
      claim_token: null,
      claim_expires_at: null,
    });
    expect(await world.effects()).toEqual([]);
  });

  it('is given back on shutdown, with the attempt; what finishes within the grace is delivered', async () => {
    const handler = effectHandler('test.effect');
    const started = new Map<string, () => void>();
    const relay = await world.relay([
      { ...handler, before: (event) => new Promise((resolve) => started.set(event.idempotencyKey, resolve)) },
    ]);
    const [short, long] = await world.insert({ key: 'short' }, { key: 'long' });
    await eventually(() => {
      expect([...started.keys()].sort()).toEqual(['long', 'short']);
    });
    const stopped = relay.stop({ graceMs: 1_500 });
    started.get('short')?.();
    const [unclaimed] = await world.insert({ key: 'later' });
    await stopped;
    expect(relay.status()).toMatchObject({ state: 'stopped', inFlight: 0, delivered: 1 });
    expect(await world.row(short)).toMatchObject({ status: 'delivered', attempts: 1 });
    for (const id of [long, unclaimed]) {
      expect(await world.row(id)).toMatchObject({
        status: 'pending',
        attempts: 0,
        claimed_by: null,
        claim_token: null,
        claim_expires_at: null,
      });
    }
  });

  it('on a row that came back from a crash keeps it apart even when the next relay only gives it back', async () => {
    const [id] = await crashWith(1);
    const relay = await world.relay(
      [{ name: 'test.hang', eventType: 'test.happened', before: () => new Promise(() => undefined) }],
      { timing: SHORT_LEASE },
    );
    await eventually(async () => {
      expect(await world.row(id)).toMatchObject({ status: 'in_flight', attempts: 2 });
    });
    await relay.stop({ graceMs: 0 });
    const row = await world.row(id);
    expect(row).toMatchObject({ status: 'pending', attempts: 1, claim_token: null });
    expect(row.claim_expires_at).not.toBeNull();
  });
});
