import type { Queryable } from '#libs/stores/postgres/index.js';
import { leases, type HeldRow } from './held-row.js';

/**
 * SKIP LOCKED: a row that is locked is in the transaction that finishes it, and waiting for several such rows in another
 * order than theirs could deadlock. `held` reads without locks, so a row in its last transaction still counts as held.
 */
const RENEW = `
  with lease as (
    select * from unnest($1::uuid[], $2::uuid[]) as l (id, token)
  ), held as materialized (
    select o.id from core.outbox o join lease l on o.id = l.id
     where o.claim_token = l.token
  ), renewable as materialized (
    select o.id from core.outbox o join lease l on o.id = l.id
     where o.claim_token = l.token
       for update of o skip locked
  ), renewed as (
    update core.outbox o set claim_expires_at = now() + $3 * interval '1 millisecond'
      from renewable where o.id = renewable.id
  )
  select id from held`;

/** Extends the leases of rows that are still held. @returns the rows that this relay does not hold any more */
export async function renew(db: Queryable, rows: readonly HeldRow[], claimTtlMs: number): Promise<HeldRow[]> {
  if (rows.length === 0) return [];
  const startedAtMs = performance.now();
  const { rows: held } = await db.query<{ id: string }>(RENEW, [...leases(rows), claimTtlMs]);
  const ids = new Set(held.map((row) => row.id));
  for (const row of rows) if (ids.has(row.id)) row.renewedAtMs = startedAtMs;
  return rows.filter((row) => !ids.has(row.id));
}
