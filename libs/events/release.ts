import type { Queryable } from '#libs/stores/postgres/index.js';
import { leases, type HeldRow } from './held-row.js';

/**
 * Gives the attempt back: what ended the claim (shutdown, infrastructure) was not the row's doing. A row that had come
 * back from an expired lease keeps that mark, so that the next relay still claims it alone. available_at moves to now,
 * so that the row lies above every relay's low-water mark.
 */
const RELEASE = `
  update core.outbox o
     set status           = 'pending',
         attempts         = greatest(o.attempts - 1, 0),
         available_at     = now(),
         claimed_by       = null,
         claim_token      = null,
         claim_expires_at = case when l.lapsed then now() end
    from unnest($1::uuid[], $2::uuid[], $3::boolean[]) as l (id, token, lapsed)
   where o.id = l.id and o.claim_token = l.token`;

/** Puts rows back as if they had not been claimed. Rows whose lease was lost are left alone. @returns how many went back */
export async function release(db: Queryable, rows: readonly HeldRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const { rowCount } = await db.query(RELEASE, [...leases(rows), rows.map((row) => row.lapsed)]);
  return rowCount ?? 0;
}
