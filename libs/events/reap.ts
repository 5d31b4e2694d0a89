import type { Queryable } from '#libs/stores/postgres/index.js';
import { DEFAULT_RETRY_POLICY } from './retry.js';

/**
 * Own generation only: a reaper that touched another's rows would hand work to code that did not accept it. SKIP LOCKED:
 * several workers reap at once, and a row inside its last transaction is alive whatever its lease says. `attempts` was
 * counted at the claim and is not touched. claim_expires_at stays on a re-pended row: it marks it as one that came back
 * from an expired lease. 500 at a time, so that the reap after a mass crash is several short transactions.
 */
const REAP = `
  with policy as (
    select * from unnest($2::text[], $3::int[]) as p (event_type, max_attempts)
  ), expired as materialized (
    select o.id, o.attempts >= coalesce(p.max_attempts, $4) as spent
      from core.outbox o left join policy p on p.event_type = o.event_type
     where o.generation = $1 and o.status = 'in_flight' and o.claim_expires_at < now()
     order by o.claim_expires_at
     limit 500
       for update of o skip locked
  )
  update core.outbox o
     set status           = case when expired.spent then 'failed' else 'pending' end,
         claim_expires_at = case when expired.spent then null else o.claim_expires_at end,
         claimed_by       = case when expired.spent then o.claimed_by end,
         claim_token      = null,
         available_at     = now(),
         first_failed_at  = coalesce(o.first_failed_at, now()),
         last_error       = 'relay: the lease expired: worker ' || o.claimed_by || ' crashed, froze or lost the database'
    from expired
   where o.id = expired.id
  returning o.id, o.status, o.event_type, o.attempts`;

export interface Reaped {
  readonly id: string;
  readonly status: 'pending' | 'failed';
  readonly event_type: string;
  readonly attempts: number;
}

/** Brings rows of expired leases back, or makes them dead letters when their attempts are spent. @returns what it moved */
export async function reap(
  db: Queryable,
  generation: number,
  limits: { eventTypes: string[]; maxAttempts: number[] },
): Promise<Reaped[]> {
  const { rows } = await db.query<Reaped>(REAP, [
    generation,
    limits.eventTypes,
    limits.maxAttempts,
    DEFAULT_RETRY_POLICY.maxAttempts,
  ]);
  return rows;
}
