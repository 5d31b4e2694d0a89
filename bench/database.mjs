import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '#libs/stores/postgres/index.js';
import { allocateGeneration } from '#libs/generations/index.js';

/** A migrated database on the stack's cluster: `url`, `pool`, a `generation`; `drop()` removes it. */
export async function openDatabase(stack) {
  const admin = new pg.Client({ connectionString: stack.environment.DATABASE_URL });
  await admin.connect();
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await admin.query(`create database ${name}`);
  const url = new URL(stack.environment.DATABASE_URL);
  url.pathname = `/${name}`;
  await migrate(url.href);
  const pool = new pg.Pool({ connectionString: url.href, max: 20 });
  pool.on('error', () => undefined);
  const generation = await allocateGeneration(pool, { reference: 'bench', tag: null, deployedBy: 'bench' });
  const drop = stack.closing(async () => {
    await pool.end();
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  });
  return { url: url.href, pool, generation, drop };
}
