import type { Pool, QueryResultRow } from 'pg';
import { safeInteger, type Queryable } from '#libs/stores/postgres/index.js';
import { toEnvelope, type OutboxRow } from './envelope.js';
import type { HeldRow } from './held-row.js';
import { prepared, queryPrepared, type PreparedStatement } from './prepared.js';

export interface Claimant {
  readonly generation: number;
  readonly workerId: string;
  readonly claimTtlMs: number;
  /** Handlers with work outside the transaction: the claim says which of them a row's key has behind it. */
  readonly beforeHandlers: readonly string[];
}

interface ClaimedRow extends OutboxRow, QueryResultRow {
  readonly claim_token: string;
  readonly available_at_us: string;
  readonly waited_ms: number;
  readonly handled_by: string[];
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
 * The update finds its rows by ctid: they are locked by then, so they stay where they are, and the planner cannot take to
 * reading the whole table (with 500 rows of 40,000 by id it did).
 *
 * handled_by only saves work outside the transaction (a workflow that need not be started again); it is no gate, because
 * another worker may close the same key a moment later. Closing it is: gate.ts. LATERAL with LIMIT: one probe of the
 * primary key per pair, whatever the statistics of a fast-growing table say.
 *
 * The claim commits without waiting for the disk (half of the relay's time went into that wait). Should Postgres crash
 * within the next moments, the claim is forgotten and the row is simply pending again: the effect of whoever held it
 * asks for a token that does not exist any more. What a crash of the worker must count, the attempt, outlives that.
 */
const claim = (whichRows: string, fromMark: string): string => `
  with candidate as materialized (
    select ctid as place
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
   where o.ctid = candidate.place and claim.durability = 'off'
  returning o.id, o.event_type, o.event_version, o.occurred_at, o.source, o.target, o.content_class, o.domain_id,
            o.org_id, o.payload, o.idempotency_key, o.trace_context, o.attempts, o.claim_token,
            (extract(epoch from o.available_at) * 1000000)::bigint as available_at_us,
            (extract(epoch from now() - o.available_at) * 1000)::float8 as waited_ms,
            array(select n.name
                    from unnest($5::text[]) as n (name)
                   cross join lateral (
                     select from core.event_handled h
                      where h.handler_name = n.name and h.idempotency_key = o.idempotency_key
                      limit 1
                   ) done) as handled_by`;

const CLAIM_ALL = prepared('outbox-claim-all', claim('is null', ''));
const CLAIM_FROM_MARK = prepared(
  'outbox-claim',
  claim('is null', `and available_at >= to_timestamp($6::float8 / 1000000)`),
);
const CLAIM_LAPSED = prepared('outbox-claim-lapsed', claim('is not null', ''));

/**
 * Claims up to `limit` rows of the generation that wait for their first or next ordinary attempt.
 * @param fromUs low-water mark; undefined looks at everything
 */
export async function claimBatch(
  pool: Pool,
  claimant: Claimant,
  limit: number,
  fromUs: number | undefined,
): Promise<Claim> {
  return fromUs === undefined
    ? take(pool, CLAIM_ALL, valuesOf(claimant, limit), claimant, false)
    : take(pool, CLAIM_FROM_MARK, [...valuesOf(claimant, limit), fromUs], claimant, false);
}

/** Claims one row that came back from an expired lease: alone, so that what it does to its process it does only to itself. */
export async function claimLapsed(pool: Pool, claimant: Claimant): Promise<Claim> {
  return take(pool, CLAIM_LAPSED, valuesOf(claimant, 1), claimant, true);
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

function valuesOf({ generation, workerId, claimTtlMs, beforeHandlers }: Claimant, limit: number): unknown[] {
  return [generation, workerId, claimTtlMs, limit, beforeHandlers];
}

async function take(
  pool: Pool,
  statement: PreparedStatement,
  values: unknown[],
  claimant: Claimant,
  lapsed: boolean,
): Promise<Claim> {
  const startedAtMs = performance.now(); // The lease began after this, so renewals measured from here are never late.
  const { rows } = await queryPrepared<ClaimedRow>(pool, statement, values);
  const claimedAtMs = performance.now();
  return {
    rows: rows.map((row) => ({
      id: row.id,
      token: row.claim_token,
      event: toEnvelope(row, claimant.generation),
      lapsed,
      handledBy: row.handled_by,
      waitedMs: row.waited_ms,
      claimedAtMs,
      renewedAtMs: startedAtMs,
      abort: new AbortController(),
    })),
    earliestUs: rows.length === 0 ? undefined : Math.min(...rows.map((row) => safeInteger(row.available_at_us))),
  };
}
