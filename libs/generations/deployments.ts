import type { Pool } from 'pg';
import { ConflictError, NotFoundError } from '#libs/contracts/index.js';
import { safeInteger, withTransaction, type Queryable } from '#libs/stores/postgres/index.js';

export interface Deployment {
  /** Git reference of the code. */
  readonly reference: string;
  readonly tag: string | null;
  /** Person or pipeline that deploys. */
  readonly deployedBy: string;
  readonly codeHash?: string;
}

/** One atomic statement: the identity column never hands a number out twice, whoever calls at the same time. */
const ALLOCATE = `
  insert into core.deployments (reference, tag, deployed_by, code_hash) values ($1, $2, $3, $4) returning generation`;

/** Allocates a fresh generation. Concurrent calls never collide; gaps are normal. */
export async function allocateGeneration(db: Queryable, deployment: Deployment): Promise<number> {
  const { reference, tag, deployedBy, codeHash } = deployment;
  const { rows } = await db.query<{ generation: string }>(ALLOCATE, [reference, tag, deployedBy, codeHash ?? null]);
  return safeInteger(rows[0]?.generation);
}

/** The newest generation; null before the first deployment. */
export async function head(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ generation: string | null }>(
    'select max(generation) as generation from core.deployments',
  );
  const generation = rows[0]?.generation ?? null;
  return generation === null ? null : safeInteger(generation);
}

const ACTIVATE = `
  update core.deployments set activated_at = clock_timestamp()
   where generation = $1 and retired_at is null`;

/**
 * Makes a generation the active one: the owner of the schedules. Older generations may be activated again; a retired
 * one may not.
 *
 * Thrown when the generation is unknown (NotFoundError) or retired (ConflictError).
 */
export async function activate(db: Queryable, generation: number): Promise<void> {
  const { rowCount } = await db.query(ACTIVATE, [generation]);
  if (rowCount === 1) return;
  const { rowCount: known } = await db.query('select from core.deployments where generation = $1', [generation]);
  if (known === 0) throw unknownGeneration(generation);
  throw new ConflictError(
    `Generation ${generation} is retired; deploy its code again to get a new generation.`,
    'generation_retired',
  );
}

const ACTIVE = `
  select generation from core.deployments
   where activated_at is not null and retired_at is null
   order by activated_at desc, generation desc limit 1`;

/** The generation that was activated last; null before the first activation. */
export async function activeGeneration(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ generation: string }>(ACTIVE);
  return rows[0] === undefined ? null : safeInteger(rows[0].generation);
}

/** Any constant of our own: one `dev start` at a time decides between the head and a new generation. */
const DEV_LOCK = 7_306_003;

/**
 * The generation of a development start. When the head carries this code's hash it is used again, so that a restart
 * keeps its generation and its open work; otherwise a new one is allocated, also for older code that was checked out
 * again: a generation means one state of the code, in the order of starts.
 */
export async function resolveDevGeneration(
  pool: Pool,
  code: { readonly codeHash: string; readonly reference: string },
): Promise<number> {
  return withTransaction(pool, async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [DEV_LOCK]);
    const { rows } = await tx.query<{ generation: string; code_hash: string | null }>(
      'select generation, code_hash from core.deployments order by generation desc limit 1',
    );
    if (rows[0]?.code_hash === code.codeHash) return safeInteger(rows[0].generation);
    return allocateGeneration(tx, { ...code, tag: 'dev', deployedBy: 'dev start' });
  });
}

/** One statement, so that of two first processes with different code exactly one records its hash and the other sees it. */
const RECORD_HASH = `
  update core.deployments set code_hash = coalesce(code_hash, $2) where generation = $1 returning code_hash`;

/**
 * Makes sure that this process runs the code of its generation. The first process of a generation records its hash;
 * every later one must have the same.
 *
 * Thrown when the generation was never allocated (NotFoundError) or belongs to other code (ConflictError).
 */
export async function verifyCodeHash(db: Queryable, generation: number, codeHash: string): Promise<void> {
  const { rows } = await db.query<{ code_hash: string }>(RECORD_HASH, [generation, codeHash]);
  const recorded = rows[0]?.code_hash;
  if (recorded === undefined) throw unknownGeneration(generation);
  if (recorded === codeHash) return;
  throw new ConflictError(
    `Generation ${generation} belongs to other code: it carries code hash ${recorded.slice(0, 12)}, this build has ` +
      `${codeHash.slice(0, 12)}. Allocate a generation for this build (spectrad generations allocate), or start the build ` +
      `that generation ${generation} was deployed with.`,
    'code_hash_mismatch',
  );
}

function unknownGeneration(generation: number): NotFoundError {
  return new NotFoundError(
    `Generation ${generation} was never allocated in this database. Allocate one with \`spectrad generations allocate\` ` +
      'and set SPECTRA_GENERATION to the number that it prints.',
    'generation_unknown',
  );
}
