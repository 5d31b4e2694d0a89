import { randomBytes, randomInt } from 'node:crypto';
import pRetry from 'p-retry';
import pg from 'pg';
import { createPool, migrate } from '#libs/stores/postgres/index.js';

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Closes the pool and drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

const TEMPLATE = 'spectra_template';
/** One process at a time makes the template. */
const TEMPLATE_LOCK = 7_306_002;

/**
 * A migrated database of the caller's own, cloned from the template of the cluster that SPECTRA_TEST_POSTGRES_URL names
 * (an administrator's URL, set by jest's global set-up). Generations start at a random large number, so that the task
 * queues of test files that share a Temporal server never meet.
 */
export async function testDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const adminUrl = process.env['SPECTRA_TEST_POSTGRES_URL'];
  if (adminUrl === undefined) {
    throw new Error(
      'SPECTRA_TEST_POSTGRES_URL is not set: run through `npm test`, or point it at a Postgres to test on.',
    );
  }
  const name = `spectra_test_${randomBytes(8).toString('hex')}`;
  await asAdmin(adminUrl, async (admin) => {
    await ensureTemplate(admin, adminUrl);
    await admin.query(`create database ${name} template ${TEMPLATE}`);
  });
  const url = databaseUrl(adminUrl, name);
  const broken: Error[] = []; // Tests terminate connections on purpose.
  const pool = createPool({
    url,
    max: options.max ?? 12,
    applicationName: 'spectra-test',
    onError: (e) => broken.push(e),
  });
  await pool.query(
    `alter table core.deployments alter column generation restart with ${randomInt(1_000_000, 2_000_000_000)}`,
  );
  return {
    url,
    pool,
    drop: async () => {
      await pool.end();
      // FORCE may not end an autovacuum worker that is at the database just then; a moment later it is gone.
      await pRetry(() => asAdmin(adminUrl, (admin) => admin.query(`drop database if exists ${name} with (force)`)), {
        retries: 5,
        minTimeout: 200,
        shouldRetry: ({ error }) => error.message.includes('permission denied to terminate process'),
      });
    },
  };
}

/** Built under another name and renamed when it is whole, so that a run that was killed leaves no half template. */
async function ensureTemplate(admin: pg.Client, adminUrl: string): Promise<void> {
  await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [TEMPLATE]);
    if (rowCount === 1) return;
    const draft = `${TEMPLATE}_draft`;
    await admin.query(`drop database if exists ${draft} with (force)`);
    await admin.query(`create database ${draft}`);
    await migrate(databaseUrl(adminUrl, draft));
    await admin.query(`alter database ${draft} rename to ${TEMPLATE}`);
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

async function asAdmin<T>(url: string, fn: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    return await fn(admin);
  } finally {
    await admin.end();
  }
}

function databaseUrl(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}
