import { createHash } from 'node:crypto';
import type { Pool, QueryResult, QueryResultRow } from 'pg';

/** A statement that every connection parses once. Its name follows from its text: two releases never mix theirs up. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

export function prepared(label: string, text: string): PreparedStatement {
  return { name: `${label}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`, text };
}

/**
 * What a server connection says that another client's transaction was on before (a transaction pooler that does not
 * carry prepared statements over), or whose table was altered under the statement. All come before anything was done.
 */
const NOT_PREPARED_HERE = new Set(['26000', '42P05', '0A000']);

const unprepared = new WeakSet<Pool>();

/**
 * Runs a statement of its own (outside any transaction) as a prepared one: parsing a claim costs more than a claim of
 * one row. A pool on which that does not work is remembered and gets plain statements from then on.
 */
export async function queryPrepared<R extends QueryResultRow>(
  pool: Pool,
  { name, text }: PreparedStatement,
  values: unknown[],
): Promise<QueryResult<R>> {
  if (!unprepared.has(pool)) {
    try {
      return await pool.query<R>({ name, text, values });
    } catch (error) {
      if (!isNotPreparedHere(error)) throw error;
      unprepared.add(pool);
    }
  }
  return pool.query<R>(text, values);
}

function isNotPreparedHere(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return typeof error.code === 'string' && NOT_PREPARED_HERE.has(error.code);
}
