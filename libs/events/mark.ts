import type { Transaction } from '#libs/stores/postgres/index.js';
import { leases, type HeldRow } from './held-row.js';
import { describeFailures, judge, type HandlerFailure, type Verdict } from './retry.js';

/*
 * Every statement here matches (id, claim_token) and nothing else: a token means in_flight, by a check constraint, and
 * naming the status would lead the planner to the reaper's index (see 0001_core.sql).
 */

/**
 * Taken first in a delivery's transaction: rows that lost their lease are found before any effect, and nobody can take a
 * row away until the transaction ends (the reaper skips locked rows).
 */
const LOCK = `
  select o.id
    from core.outbox o
    join unnest($1::uuid[], $2::uuid[]) as l (id, token) on o.id = l.id
   where o.claim_token = l.token
   order by o.id
     for update of o`;

/** @returns the rows that still carry the token of this relay's claim, locked */
export async function lockHeld(tx: Transaction, rows: readonly HeldRow[]): Promise<HeldRow[]> {
  const { rows: locked } = await tx.query<{ id: string }>(LOCK, leases(rows));
  const ids = new Set(locked.map((row) => row.id));
  return rows.filter((row) => ids.has(row.id));
}

const DELIVERED = `
  update core.outbox o
     set status = 'delivered', delivered_at = now(), claim_token = null, claim_expires_at = null
    from unnest($1::uuid[], $2::uuid[]) as l (id, token)
   where o.id = l.id and o.claim_token = l.token`;

/** Marks rows delivered. @returns how many still carried their token; fewer than asked for means: roll back */
export async function markDelivered(tx: Transaction, rows: readonly HeldRow[]): Promise<number> {
  return (await tx.query(DELIVERED, leases(rows))).rowCount ?? 0;
}

/** clock_timestamp(): the pause counts from the failure, not from the start of the transaction that records it. */
const RETRY = `
  update core.outbox
     set status           = 'pending',
         available_at     = clock_timestamp() + $4 * interval '1 millisecond',
         last_error       = $3,
         first_failed_at  = coalesce(first_failed_at, clock_timestamp()),
         claimed_by       = null,
         claim_token      = null,
         claim_expires_at = null
   where id = $1 and claim_token = $2`;

/** claimed_at and claimed_by stay: on a dead letter they say when and where it last ran. */
const FAIL = `
  update core.outbox
     set status           = 'failed',
         last_error       = $3,
         first_failed_at  = coalesce(first_failed_at, clock_timestamp()),
         claim_token      = null,
         claim_expires_at = null
   where id = $1 and claim_token = $2`;

/** Records that handlers of the row failed: it waits for its next attempt, or becomes a dead letter. */
export async function markFailures(
  tx: Transaction,
  row: HeldRow,
  failures: readonly HandlerFailure[],
  random: () => number,
): Promise<Verdict> {
  const verdict = judge(failures, row.event.attempt, random);
  const values = [row.id, row.token, describeFailures(failures)];
  if (verdict.kind === 'fail') await tx.query(FAIL, values);
  else await tx.query(RETRY, [...values, verdict.delayMs]);
  return verdict;
}
