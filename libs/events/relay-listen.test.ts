import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { effectHandler, eventually, recording, RelayWorld } from '../../test/setup/relay-for-test.js';
import { Notifier, outboxChannel, type Relay } from './index.js';

/** Forwards TCP; from `goSilent` on the connections of that moment carry nothing any more, and say nothing about it. */
class SilentProxy {
  readonly #open = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async to(target: string): Promise<SilentProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(target);
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new SilentProxy(server, url.href);
    server.on('connection', (near) => {
      const far = connect(Number(port), hostname);
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        proxy.#open.add(socket);
        socket.on('error', () => undefined);
      }
    });
    return proxy;
  }

  goSilent(): void {
    for (const socket of this.#open) {
      socket.unpipe();
      socket.pause();
    }
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
    this.server.close();
  }
}

describe('the listener', () => {
  let world: RelayWorld;
  beforeAll(async () => {
    world = await RelayWorld.open();
  });
  afterEach(() => world.reset());
  afterAll(() => world.close());

  const listening = (relay: Relay): Promise<void> =>
    eventually(() => {
      expect(relay.status().listener).toMatchObject({ mode: 'listening', healthy: true });
    });

  const terminateListener = (workerId: string): Promise<unknown> =>
    world.pool.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
      `spectra-listen ${workerId}`,
    ]);

  it('proves itself, then a notification starts a handler long before the poll would', async () => {
    const delays: number[] = [];
    const relay = await world.relay([effectHandler('test.effect')], {
      timing: { pollHealthyMs: 3_600_000 },
      metrics: { onDelivered: (_event, startDelayMs) => delays.push(startDelayMs) },
    });
    await listening(relay);
    const [id] = await world.insert({});
    await world.until(id, 'delivered');
    await eventually(() => {
      expect(delays).toHaveLength(1); // The row says so a moment before the relay hears that it does.
    });
    expect(delays[0]).toBeGreaterThanOrEqual(0);
  });

  it('reconnects when its backend is terminated, again and again; nothing is lost or doubled', async () => {
    const states: string[] = [];
    const relay = await world.relay([effectHandler('test.effect')], {
      workerId: 'listener-test',
      timing: { pollHealthyMs: 3_600_000, pollDegradedMs: 3_600_000 },
      onStateChange: (state) => states.push(state),
    });
    await listening(relay);
    for (let round = 1; round <= 3; round++) {
      const since = relay.status().listener.since;
      await terminateListener('listener-test');
      // While it is away nothing wakes it (the polls are an hour apart): the catch-up claim after the reconnect must.
      await world.insert(...Array.from({ length: 20 }, () => ({})));
      await eventually(async () => {
        expect(await world.count('delivered')).toBe(round * 20);
      });
      await eventually(() => {
        expect(relay.status().listener.since).not.toBe(since);
        expect(relay.status().listener.mode).toBe('listening');
      });
    }
    expect(await world.effects()).toHaveLength(60);
    expect(states.slice(0, 3)).toEqual(['running', 'reconnecting', 'running']);
  });

  it('falls back to polling and names poolers when notifications do not arrive', async () => {
    const { logger, lines } = recording();
    const relay = await world.relay([effectHandler('test.effect')], {
      logger,
      // A listener on another database hears nothing of ours: what a transaction pooler looks like from here.
      listenUrl: world.database.url.replace(/[^/]+$/, 'postgres'),
      timing: { listenSelfTestMs: 200 },
    });
    await eventually(() => {
      expect(relay.status().listener).toMatchObject({ mode: 'polling', healthy: false });
    });
    expect(lines.filter((line) => line['level'] === 'warn').map((line) => line['msg'])).toEqual([
      expect.stringContaining('transaction pooler'),
    ]);
    const [id] = await world.insert({});
    await world.until(id, 'delivered');
  });

  it('notices a connection that went silent (half open), and comes back', async () => {
    const proxy = await SilentProxy.to(world.database.url);
    const health: boolean[] = [];
    const relay = await world.relay([effectHandler('test.effect')], {
      listenUrl: proxy.url,
      timing: { listenSelfTestMs: 300, listenCheckMs: 50, pollHealthyMs: 3_600_000 },
      metrics: { onListenerHealthy: (healthy) => health.push(healthy) },
    });
    await listening(relay);
    proxy.goSilent();
    const [id] = await world.insert({});
    await eventually(() => {
      expect(health).toEqual([true, false, true]);
    });
    await world.until(id, 'delivered');
    await listening(relay);
    await world.reset();
    proxy.close();
  });

  it('gives up when its budget is spent: the process is told to end', async () => {
    const fatal: string[] = [];
    const relay = await world.relay([effectHandler('test.effect')], {
      listenUrl: 'postgres://postgres@127.0.0.1:1/none',
      timing: { reconnectBudgetMs: 100, reconnectBaseMs: 10, reconnectCapMs: 20 },
      onFatal: (error) => fatal.push(error.message),
    });
    const [id] = await world.insert({});
    await world.until(id, 'delivered'); // Until then it polls.
    await eventually(() => {
      expect(fatal).toEqual([expect.stringContaining('could not reconnect within 0 s (SPECTRA_RECONNECT_BUDGET_MS)')]);
    });
    expect(relay.status().listener.mode).toBe('stopped');
  });

  it('makes no storm of claims out of a storm of notifications', async () => {
    const relay = await world.relay([effectHandler('test.effect')], { timing: { pollHealthyMs: 3_600_000 } });
    await listening(relay);
    let claims = 0;
    const query = world.pool.query.bind(world.pool) as (...args: unknown[]) => unknown;
    Object.assign(world.pool, {
      query: (...args: unknown[]) => {
        const [statement] = args as [string | { text: string }];
        const text = typeof statement === 'string' ? statement : statement.text;
        if (text.includes('for update skip locked')) claims += 1;
        return query(...args);
      },
    });
    try {
      const channel = outboxChannel(world.generation);
      for (let round = 0; round < 50; round++) {
        await Promise.all(Array.from({ length: 20 }, () => query(`select pg_notify($1, '')`, [channel])));
      }
    } finally {
      Object.assign(world.pool, { query });
    }
    // 1,000 notifications; each claim is followed by a full look at most every 200 ms, each pair by a gap.
    expect(claims).toBeGreaterThan(0);
    expect(claims).toBeLessThan(500);
    const [id] = await world.insert({});
    await world.until(id, 'delivered');
  });

  it('is woken once by a Notifier for many calls that fall together', async () => {
    const heard: string[] = [];
    const client = await world.pool.connect();
    client.on('notification', ({ channel }) => heard.push(channel));
    await client.query('listen outbox_gen_1; listen outbox_gen_2');
    const notifier = new Notifier({ pool: world.pool, logger: recording().logger, coalesceMs: 50 });
    for (let call = 0; call < 1_000; call++) notifier.wake(1 + (call % 2));
    await eventually(() => {
      expect(heard.sort()).toEqual(['outbox_gen_1', 'outbox_gen_2']);
    });
    for (let call = 0; call < 1_000; call++) notifier.wake(1);
    await sleep(1); // The next one waits for its distance from the last.
    expect(heard).toHaveLength(2);
    await notifier.flush();
    await notifier.stop();
    notifier.wake(1);
    await notifier.flush();
    await client.query('select 1');
    expect(heard).toHaveLength(3);
    client.release(true);
  });

  it('is not missed by a Notifier that cannot send: the failure is only logged', async () => {
    const { logger, lines } = recording();
    const notifier = new Notifier({ pool: { query: () => Promise.reject(new Error('gone')) }, logger });
    notifier.wake(7);
    await notifier.stop();
    expect(lines).toEqual([expect.objectContaining({ level: 'warn', generation: 7, error: 'Error: gone' })]);
  });
});

describe('a generation', () => {
  let world: RelayWorld;
  beforeAll(async () => {
    world = await RelayWorld.open();
  });
  afterAll(() => world.close());

  it('never claims, reaps or marks a row of another one, with both at work on the same table', async () => {
    const old = world.generation;
    const young = await world.nextGeneration();
    const handled: { by: number; of: number }[] = [];
    const relayOf = (generation: number): Promise<Relay> =>
      world.relay(
        [
          effectHandler('test.effect'),
          {
            name: 'test.watch',
            eventType: 'test.happened',
            before: (event) => Promise.resolve(void handled.push({ by: generation, of: event.generation })),
          },
        ],
        { generation },
      );
    const oldRelay = await relayOf(old);
    await relayOf(young);
    const [expired] = await world.insert({ generation: 1 });
    await world.pool.query(
      `update core.outbox set status = 'in_flight', claimed_by = 'x', claim_token = gen_random_uuid(),
              claim_expires_at = now() - interval '1 hour' where id = $1`,
      [expired],
    );
    await world.insert(...Array.from({ length: 200 }, (_, n) => ({ generation: n % 2 === 0 ? old : young })));
    await eventually(async () => {
      expect([await world.count('delivered', old), await world.count('delivered', young)]).toEqual([100, 100]);
    });
    expect(handled.filter(({ by, of }) => by !== of)).toEqual([]);
    const { rows } = await world.pool.query(
      'select count(*)::int as n from core.event_handled h join core.outbox o on o.id = h.event_id where h.generation <> o.generation',
    );
    expect(rows).toEqual([{ n: 0 }]);
    await oldRelay.stop({ graceMs: 1_000 });
    const stranded = await world.insert({ generation: old });
    const next = await world.insert({ generation: young });
    await world.until(next[0], 'delivered');
    expect(await world.row(stranded[0])).toMatchObject({ status: 'pending', attempts: 0 });
    expect(await world.row(expired)).toMatchObject({ status: 'in_flight', claimed_by: 'x' });
  });
});
