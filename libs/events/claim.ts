import type { QueryResultRow } from 'pg';
import { safeInteger, type Queryable } from '#libs/stores/postgres/index.js';
import { toEnvelope, type OutboxRow } from './envelope.js';
import type { HeldRow } from './held-row.js';

export interface Claimant {
  readonly generation: number;
  readonly workerId: string;
  readonly claimTtlMs: number;
}

interface ClaimedRow extends OutboxRow, QueryResultRow {
  readonly claim_token: string;
  readonly available_at_us: string;
  readonly waited_ms: number;
}

export interface Claim {
  readonly rows: HeldRow[];
  /** Earliest available_at of the rows, in microseconds since the epoch of the database clock. */
  readonly earliestUs: number | undefined;
}

/**
 * One statement, so that choosing and stamping are one atomic step and one round trip. FOR UPDATE SKIP LOCKED: relays
 * never wait for each other. The inner query matches the partial index (generation, available_at) and reads it in order
 * from the low-water mark, so its cost follows the limit, not the backlog, and not the dead entries that vacuum cannot
 * remove yet while some transaction holds back xmin. Only database time: worker clocks may be wrong by hours.
 * One token for the whole claim; (id, token) identifies a lease.
 *
 * The claim commits without waiting for the disk (half of the relay's time went into that wait). Should Postgres crash
 * within the next moments, the claim is forgotten and the row is simply pending again: the effect of whoever held it
 * asks for a token that does not exist any more. What a crash of the worker must count, the attempt, outlives that.
 */
const claim = (whichRows: string, fromMark: string): string => `
  with candidate as materialized (
    select id
      from core.outbox
     where generation = $1
       and status = 'pending'
       and deleted_at is null
       and claim_expires_at ${whichRows}
       and available_at <= now()
       ${fromMark}
     order by available_at
     limit $4
       for update skip locked
  ), claim as materialized (
    select gen_random_uuid() as token, set_config('synchronous_commit', 'off', true) as durability
  )
  update core.outbox o
     set status           = 'in_flight',
         attempts         = o.attempts + 1,
         claimed_at       = now(),
         claimed_by       = $2,
         claim_token      = claim.token,
         claim_expires_at = now() + $3 * interval '1 millisecond'
    from candidate, claim
   where o.id = candidate.id and claim.durability = 'off'
  returning o.id, o.event_type, o.event_version, o.occurred_at, o.source, o.target, o.content_class, o.domain_id,
            o.org_id, o.payload, o.idempotency_key, o.trace_context, o.attempts, o.claim_token,
            (extract(epoch from o.available_at) * 1000000)::bigint as available_at_us,
            (extract(epoch from now() - o.available_at) * 1000)::float8 as waited_ms`;

const CLAIM_ALL = claim('is null', '');
const CLAIM_FROM_MARK = claim('is null', `and available_at >= to_timestamp($5::float8 / 1000000)`);
const CLAIM_LAPSED = claim('is not null', '');

/**
 * Claims up to `limit` rows of the generation that wait for their first or next ordinary attempt.
 * @param fromUs low-water mark; undefined looks at everything
 */
export async function claimBatch(
  db: Queryable,
  claimant: Claimant,
  limit: number,
  fromUs: number | undefined,
): Promise<Claim> {
  const values = [claimant.generation, claimant.workerId, claimant.claimTtlMs, limit];
  return fromUs === undefined
    ? take(db, CLAIM_ALL, values, claimant, false)
    : take(db, CLAIM_FROM_MARK, [...values, fromUs], claimant, false);
}

/** Claims one row that came back from an expired lease: alone, so that what it does to its process it does only to itself. */
export async function claimLapsed(db: Queryable, claimant: Claimant): Promise<Claim> {
  return take(db, CLAIM_LAPSED, [claimant.generation, claimant.workerId, claimant.claimTtlMs, 1], claimant, true);
}

const ANY_LAPSED = `
  select exists (
    select from core.outbox
     where generation = $1 and status = 'pending' and deleted_at is null and claim_expires_at is not null
       and available_at <= now()) as found`;

/** Whether rows wait that came back from an expired lease. */
export async function anyLapsed(db: Queryable, generation: number): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(ANY_LAPSED, [generation]);
  return rows[0]?.found === true;
}

async function take(
  db: Queryable,
  sql: string,
  values: unknown[],
  claimant: Claimant,
  lapsed: boolean,
): Promise<Claim> {
  const startedAtMs = performance.now(); // The lease began after this, so renewals measured from here are never late.
  const { rows } = await db.query<ClaimedRow>(sql, values);
  const claimedAtMs = performance.now();
  return {
    rows: rows.map((row) => ({
      id: row.id,
      token: row.claim_token,
      event: toEnvelope(row, claimant.generation),
      lapsed,
      waitedMs: row.waited_ms,
      claimedAtMs,
      renewedAtMs: startedAtMs,
      abort: new AbortController(),
    })),
    earliestUs: rows.length === 0 ? undefined : Math.min(...rows.map((row) => safeInteger(row.available_at_us))),
  };
}
