import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMigrations, type Migration } from './migration-files.js';

export interface MigrateOptions {
  readonly log?: (line: string) => void;
  /** Folder of the numbered files; the one beside this module by default. */
  readonly directory?: URL;
}

/** Any constant of our own: one migrator at a time per database. */
const ADVISORY_LOCK = 7_306_001;
const LOCK_POLL_MS = 100;

const LEDGER = `
  create schema if not exists core;
  create table if not exists core.schema_migrations (
    version     integer primary key,
    name        text not null,
    checksum    text not null,
    applied_at  timestamptz not null default now(),
    duration_ms integer not null
  );
  comment on table core.schema_migrations is 'Ledger of applied migrations. Forward only; an applied file must never change.';
`;

interface LedgerRow {
  version: number;
  name: string;
  checksum: string;
}

/**
 * Brings the database to the newest migration: forward only, in order, each file in its own transaction together with
 * its ledger row, one migrator at a time (others wait, then find nothing to do). Versions in the ledger that this code
 * does not know are left alone: during a deploy the older generation runs on the newer schema.
 *
 * A file whose first line is `-- no-transaction` runs outside a transaction and must hold exactly one statement
 * (CREATE INDEX CONCURRENTLY and the like), written so that running it again after a crash is harmless.
 *
 * Thrown when an applied file was changed, when a new file is numbered below the newest applied one, or when a
 * statement fails (its file is rolled back, earlier files stay).
 *
 * @returns names of the files that this call applied
 */
export async function migrate(target: string | pg.Pool, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  const { log = () => undefined, directory = new URL('./migrations/', import.meta.url) } = options;
  const migrations = await readMigrations(directory);
  // A connection of its own even when a pool is given: the pool's query time-out would cut a long migration short.
  const connectionString = typeof target === 'string' ? target : target.options.connectionString;
  if (connectionString === undefined) throw new Error('migrate needs a pool that was made from a connection string.');
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 5_000,
    application_name: 'spectra-migrate',
  });
  client.on('error', () => undefined); // The query in flight rejects with the same error.
  await client.connect();
  try {
    await lock(client, log);
    await client.query(LEDGER);
    const { rows } = await client.query<LedgerRow>(
      'select version, name, checksum from core.schema_migrations order by version',
    );
    const applied: string[] = [];
    for (const migration of pending(migrations, rows)) {
      const startedAt = performance.now();
      await apply(client, migration, startedAt);
      applied.push(migration.name);
      log(`applied ${migration.name} in ${Math.round(performance.now() - startedAt)} ms`);
    }
    return { applied };
  } finally {
    await client.end(); // Ends the session, and with it the advisory lock.
  }
}

/**
 * Polls instead of waiting inside pg_advisory_lock(): a session that waits there holds a snapshot, which a
 * CREATE INDEX CONCURRENTLY of the migrator at work would wait for - a deadlock.
 */
async function lock(client: pg.Client, log: (line: string) => void): Promise<void> {
  for (let waited = false; ; waited = true) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
      ADVISORY_LOCK,
    ]);
    if (rows[0]?.locked === true) return;
    if (!waited) log('another process is migrating this database; waiting for it');
    await sleep(LOCK_POLL_MS);
  }
}

function pending(migrations: readonly Migration[], ledger: readonly LedgerRow[]): Migration[] {
  const byVersion = new Map(ledger.map((row) => [row.version, row]));
  const newest = ledger.at(-1)?.version ?? 0;
  return migrations.filter((migration) => {
    const row = byVersion.get(migration.version);
    if (row === undefined) {
      if (migration.version > newest) return true;
      throw new Error(
        `Migration ${migration.name} is numbered below ${newest}, which is applied already. Give it the next free number.`,
      );
    }
    if (row.checksum !== migration.checksum || row.name !== migration.name) {
      throw new Error(
        `Migration ${migration.name} differs from the one that was applied as ${row.name}. ` +
          'An applied file must not change: restore it and put the change into a new file.',
      );
    }
    return false;
  });
}

const RECORD = 'insert into core.schema_migrations (version, name, checksum, duration_ms) values ($1, $2, $3, $4)';

async function apply(client: pg.Client, migration: Migration, startedAt: number): Promise<void> {
  const record = (): Promise<unknown> =>
    client.query(RECORD, [
      migration.version,
      migration.name,
      migration.checksum,
      Math.round(performance.now() - startedAt),
    ]);
  try {
    if (!migration.transactional) {
      await client.query(migration.sql);
      await record();
      return;
    }
    await client.query('begin');
    await client.query(migration.sql);
    await record();
    await client.query('commit');
  } catch (error) {
    if (migration.transactional) await client.query('rollback').catch(() => undefined); // The first error is the one to show.
    throw new Error(`Migration ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
