import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { effectHandler, eventually, RelayWorld } from '../../test/setup/relay-for-test.js';
import { TerminalHandlerError, type EventHandler } from './index.js';

describe('the relay delivers', () => {
  let world: RelayWorld;
  beforeAll(async () => {
    world = await RelayWorld.open();
  });
  afterEach(() => world.reset());
  afterAll(() => world.close());

  const keys = (count: number): { key: string }[] =>
    Array.from({ length: count }, (_, index) => ({ key: `key-${String(index).padStart(4, '0')}` }));

  it('each row once when two relays of a generation compete', async () => {
    const handler = effectHandler('test.effect');
    const seen: string[] = [];
    const start: EventHandler = {
      name: 'test.start',
      eventType: 'test.happened',
      before: (event) => Promise.resolve(void seen.push(event.idempotencyKey)),
    };
    await Promise.all([world.relay([handler, start]), world.relay([handler, start])]);
    const rows = keys(400);
    await Promise.all([0, 1, 2, 3].map((n) => world.insert(...rows.slice(n * 100, n * 100 + 100))));
    await eventually(async () => {
      expect(await world.count('delivered')).toBe(400);
    });
    expect(await world.effects()).toEqual(rows.map(({ key }) => `test.effect ${key}`));
    expect(seen.sort()).toEqual(rows.map(({ key }) => key));
  });

  it('one effect per handler for several rows with the same idempotency key', async () => {
    await world.relay([effectHandler('test.one'), effectHandler('test.two')]);
    await world.insert({ key: 'same' }, { key: 'same' }, { key: 'same' });
    await eventually(async () => {
      expect(await world.count('delivered')).toBe(3);
    });
    expect(await world.effects()).toEqual(['test.one same', 'test.two same']);
  });

  it('nothing to `before` of a handler that has handled the key, and still marks the row', async () => {
    const calls: string[] = [];
    await world.relay([
      {
        name: 'test.start',
        eventType: 'test.happened',
        before: (event) => Promise.resolve(void calls.push(event.eventId)),
      },
    ]);
    const [first] = await world.insert({ key: 'same' });
    await world.until(first, 'delivered');
    const [second] = await world.insert({ key: 'same' });
    await world.until(second, 'delivered');
    expect(calls).toEqual([first]);
  });

  it('keeps what co-handlers did when one of them fails, and retries only that one', async () => {
    const flaky = effectHandler('test.flaky');
    const steady = effectHandler('test.steady');
    const attempts: number[] = [];
    await world.relay([
      {
        ...steady,
        apply: async (tx, event) => {
          attempts.push(event.attempt);
          await steady.apply?.(tx, event);
        },
      },
      {
        ...flaky,
        retry: { baseMs: 1, capMs: 5 },
        apply: async (tx, event) => {
          await flaky.apply?.(tx, event);
          if (event.attempt < 3) throw new Error('not yet');
        },
      },
    ]);
    const [id] = await world.insert({ key: 'a' });
    expect(await world.until(id, 'delivered')).toMatchObject({ attempts: 3, last_error: 'test.flaky: Error: not yet' });
    expect(await world.effects()).toEqual(['test.flaky a', 'test.steady a']);
    // Twice at the first attempt: in the batch that was rolled back, then alone. After that its gate is closed.
    expect(attempts).toEqual([1, 1]);
  });

  it('redoes a batch row by row when one row of it fails: the others are delivered at their first attempt', async () => {
    const handler = effectHandler('test.effect');
    await world.relay([
      {
        ...handler,
        retry: { maxAttempts: 1 },
        apply: async (tx, event) => {
          await handler.apply?.(tx, event);
          if (event.idempotencyKey === 'key-0007') await tx.query('select 1/0');
        },
      },
    ]);
    await world.insert(...keys(30));
    await eventually(async () => {
      expect([await world.count('delivered'), await world.count('failed')]).toEqual([29, 1]);
    });
    const { rows } = await world.pool.query('select distinct attempts from core.outbox');
    expect(rows).toEqual([{ attempts: 1 }]);
    expect(await world.effects()).toHaveLength(29);
    expect(await world.effects()).not.toContain('test.effect key-0007');
  });

  it('an event without a handler to the dead letters at once, saying so', async () => {
    await world.relay([effectHandler('test.effect')]);
    const [id] = await world.insert({ type: 'nobody.cares' });
    expect(await world.until(id, 'failed')).toMatchObject({
      attempts: 1,
      last_error: expect.stringContaining('no handler is registered for the event type nobody.cares'),
    });
  });

  it('a payload that breaks its contract to the dead letters, naming the fields and not their values', async () => {
    let called = false;
    await world.relay([
      {
        name: 'documents.start',
        eventType: 'document.accepted',
        before: () => Promise.resolve(void (called = true)),
      },
    ]);
    const [id] = await world.insert({ type: 'document.accepted', payload: { title: 'very private', version: 'x' } });
    const row = await world.until(id, 'failed');
    expect(row.last_error).toMatch(/ValidationError: .*version/);
    expect(row.last_error).not.toContain('very private');
    expect(called).toBe(false);
  });

  it('not to a handler that is too slow for HANDLER_MAX: its signal aborts and the row is retried', async () => {
    const reasons: string[] = [];
    await world.relay(
      [
        {
          name: 'test.slow',
          eventType: 'test.happened',
          retry: { baseMs: 1, capMs: 2, maxAttempts: 2 },
          before: (_event, signal) =>
            new Promise(() => {
              signal.addEventListener('abort', () => reasons.push((signal.reason as Error).message));
            }),
        },
      ],
      { timing: { handlerMaxMs: 50 } },
    );
    const [id] = await world.insert({});
    expect(await world.until(id, 'failed')).toMatchObject({
      attempts: 2,
      last_error: 'test.slow: HandlerTimeoutError: took longer than 50 ms (SPECTRA_HANDLER_MAX_MS)',
    });
    expect(reasons).toHaveLength(2);
  });

  it('nothing of an apply that is too slow: its transaction is gone, its co-handlers are done', async () => {
    const lateWrites: Promise<unknown>[] = [];
    await world.relay(
      [
        effectHandler('test.steady'),
        {
          name: 'test.slow',
          eventType: 'test.happened',
          retry: { maxAttempts: 1 },
          apply: async (tx, event) => {
            await tx.query('insert into effect values ($1, $2, 1)', ['test.slow', event.idempotencyKey]);
            const late = tx.query('select pg_sleep(30)');
            late.catch(() => undefined);
            lateWrites.push(late);
            await late;
          },
        },
      ],
      { timing: { handlerMaxMs: 100 } },
    );
    const [id] = await world.insert({ key: 'a' });
    expect(await world.until(id, 'failed')).toMatchObject({
      attempts: 1,
      last_error: expect.stringContaining('test.slow: HandlerTimeoutError'),
    });
    expect(await world.effects()).toEqual(['test.steady a']);
    for (const late of lateWrites) await expect(late).rejects.toThrow();
  });

  it('the same event to no effect twice when the gate was closed by another worker in the meantime', async () => {
    const handler = effectHandler('test.effect');
    await world.relay([
      {
        ...handler,
        before: async (event) => {
          await world.pool.query(
            `insert into core.event_handled (handler_name, idempotency_key, event_id, generation) values ($1, $2, $3, 1)`,
            ['test.effect', event.idempotencyKey, event.eventId],
          );
        },
      },
    ]);
    const [id] = await world.insert({ key: 'a' });
    await world.until(id, 'delivered');
    expect(await world.effects()).toEqual([]);
  });

  it('a row whose commit fails (deferred constraint) to the dead letters, not round in circles', async () => {
    await world.pool.query('create table once (id int primary key deferrable initially deferred)');
    await world.relay([
      {
        name: 'test.effect',
        eventType: 'test.happened',
        apply: async (tx) => {
          await tx.query('insert into once values (1), (1)');
        },
      },
    ]);
    const [id] = await world.insert({});
    expect(await world.until(id, 'failed')).toMatchObject({
      attempts: 1,
      last_error: expect.stringMatching(/^relay: .*once_pkey/),
    });
  });

  it('terminal errors to the dead letters at the first attempt: validation, integrity, TerminalHandlerError, own rule', async () => {
    await world.pool.query('create table strict (id int primary key)');
    const apply = (type: string, fn: NonNullable<EventHandler['apply']>, retry = {}): EventHandler => ({
      name: `test.${type}`,
      eventType: `test.${type}`,
      apply: fn,
      retry,
    });
    await world.relay([
      apply('integrity', async (tx) => {
        await tx.query('insert into strict values (1), (1)');
      }),
      apply('terminal', () => Promise.reject(new TerminalHandlerError('never'))),
      apply('own', () => Promise.reject(new RangeError('mine')), {
        isTerminal: (error: unknown) => error instanceof RangeError,
      }),
    ]);
    const ids = await world.insert({ type: 'test.integrity' }, { type: 'test.terminal' }, { type: 'test.own' });
    for (const id of ids) expect(await world.until(id, 'failed')).toMatchObject({ attempts: 1 });
  });
});
