import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { outboxChannel, Relay, type EventHandler, type RelayOptions, type RelayTiming } from '#libs/events/index.js';
import { allocateGeneration } from '#libs/generations/index.js';
import { createPool } from '#libs/stores/postgres/index.js';
import { createLogger, type Logger } from '#libs/telemetry/index.js';
import { testDatabase, type TestDatabase } from './postgres-for-test.js';

/** The relay's durations, shrunk together. */
export const FAST: RelayTiming = {
  handlerMaxMs: 2_000,
  claimTtlMs: 5_000,
  reaperIntervalMs: 100,
  pollHealthyMs: 1_000,
  pollDegradedMs: 100,
  listenSelfTestMs: 2_000,
  listenCheckMs: 500,
  reconnectBaseMs: 20,
  reconnectCapMs: 200,
  reconnectBudgetMs: 30_000,
};

export interface NewRow {
  readonly type?: string;
  readonly key?: string;
  readonly payload?: unknown;
  readonly generation?: number;
  readonly version?: number;
}

export interface StoredRow {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly claimed_by: string | null;
  readonly claim_token: string | null;
  readonly claim_expires_at: Date | null;
  readonly claimed_at: Date | null;
  readonly available_at: Date;
  readonly first_failed_at: Date | null;
  readonly delivered_at: Date | null;
  readonly failure_history: Record<string, unknown>[];
}

/** A database with a generation and an `effect` table, and relays that are stopped at the end. */
export class RelayWorld {
  readonly #relays: Relay[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly generation: number,
  ) {}

  static async open(): Promise<RelayWorld> {
    const database = await testDatabase({ max: 20 });
    await database.pool.query('create table effect (handler text, event_key text, generation bigint)');
    return new RelayWorld(database, await allocate(database.pool));
  }

  get pool(): Pool {
    return this.database.pool;
  }

  /** Another generation in the same database. */
  nextGeneration(): Promise<number> {
    return allocate(this.pool);
  }

  /** A relay that runs until `close`. */
  async relay(
    handlers: readonly EventHandler[],
    options: Partial<Omit<RelayOptions, 'timing'>> & { timing?: Partial<RelayTiming> } = {},
  ): Promise<Relay> {
    const relay = new Relay({
      pool: this.pool,
      listenUrl: this.database.url,
      generation: this.generation,
      workerId: `worker-${randomUUID().slice(0, 8)}`,
      handlers,
      logger: silent(),
      ...options,
      timing: { ...FAST, ...options.timing },
    });
    this.#relays.push(relay);
    await relay.start();
    return relay;
  }

  /** Inserts rows in one statement and notifies. @returns their ids */
  async insert(...rows: NewRow[]): Promise<string[]> {
    const ids = rows.map(() => randomUUID());
    await this.pool.query(
      `insert into core.outbox (id, event_type, event_version, source, content_class, channel, generation, payload, idempotency_key)
       select * from unnest($1::uuid[], $2::text[], $3::int[], array_fill('test'::text, array[$8::int]),
                            array_fill('SYNTHETIC'::text, array[$8::int]), $4::text[], $5::bigint[], $6::jsonb[], $7::text[])`,
      [
        ids,
        rows.map((row) => row.type ?? 'test.happened'),
        rows.map((row) => row.version ?? 1),
        rows.map((row) => outboxChannel(row.generation ?? this.generation)),
        rows.map((row) => row.generation ?? this.generation),
        rows.map((row) => JSON.stringify(row.payload ?? {})),
        rows.map((row, index) => row.key ?? ids[index]),
        rows.length,
      ],
    );
    const generations = new Set(rows.map((row) => row.generation ?? this.generation));
    for (const generation of generations) {
      await this.pool.query(`select pg_notify($1, '')`, [outboxChannel(generation)]);
    }
    return ids;
  }

  async row(id: string | undefined): Promise<StoredRow> {
    const { rows } = await this.pool.query<StoredRow>('select * from core.outbox where id = $1', [id]);
    if (rows[0] === undefined) throw new Error(`no row ${String(id)}`);
    return rows[0];
  }

  /** The row, once it has this status. */
  async until(id: string | undefined, status: string): Promise<StoredRow> {
    return eventually(async () => {
      const row = await this.row(id);
      if (row.status !== status) {
        throw new Error(`status ${row.status}, attempts ${row.attempts}, last error ${String(row.last_error)}`);
      }
      return row;
    });
  }

  async count(status: string, generation = this.generation): Promise<number> {
    const { rows } = await this.pool.query<{ n: number }>(
      'select count(*)::int as n from core.outbox where status = $1 and generation = $2',
      [status, generation],
    );
    return rows[0]?.n ?? 0;
  }

  /** Effects as `handler key`, sorted. */
  async effects(): Promise<string[]> {
    const { rows } = await this.pool.query<{ text: string }>(
      `select handler || ' ' || event_key as text from effect order by text`,
    );
    return rows.map((row) => row.text);
  }

  /** Stops the relays and empties the tables. */
  async reset(): Promise<void> {
    await Promise.all(this.#relays.splice(0).map((relay) => relay.stop({ graceMs: 0 })));
    await this.pool.query('truncate core.outbox, core.event_handled, effect');
  }

  async close(): Promise<void> {
    await this.reset();
    await this.database.drop();
  }
}

function allocate(pool: Pool): Promise<number> {
  return allocateGeneration(pool, { reference: 'test', tag: null, deployedBy: 'test' });
}

/** A handler whose effect is one row in `effect`, so that doing it twice shows. */
export function effectHandler(name: string, eventType = 'test.happened'): EventHandler {
  return {
    name,
    eventType,
    apply: async (tx, event) => {
      await tx.query('insert into effect values ($1, $2, $3)', [name, event.idempotencyKey, event.generation]);
    },
  };
}

/** Polls until `probe` stops throwing; then its value. The last error after 20 s. */
export async function eventually<T>(probe: () => Promise<T> | T): Promise<T> {
  const until = performance.now() + 20_000;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(10);
    }
  }
}

/** A pool that can be cut off from the database at once, as a crash or a network partition cuts a process off. */
export function severablePool(url: string): { pool: Pool; sever(): Promise<void>; close(): Promise<void> } {
  const applicationName = `severable-${randomUUID()}`;
  const pool = createPool({ url, max: 12, applicationName, onError: () => undefined });
  let severed = false;
  const refuse = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('severed by the test'), { code: 'ECONNRESET' }));
  const proxy = new Proxy(pool, {
    get(target, property) {
      if (severed && (property === 'query' || property === 'connect')) return refuse;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return {
    pool: proxy,
    sever: async () => {
      severed = true;
      const killer = createPool({ url, max: 1, applicationName: 'killer', onError: () => undefined });
      await killer.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
        applicationName,
      ]);
      await killer.end();
    },
    close: () => pool.end(),
  };
}

export function silent(): Logger {
  return createLogger({ level: 'silent', role: 'test' });
}

/** A logger whose lines can be read. */
export function recording(): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'debug',
    role: 'test',
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { logger, lines };
}
