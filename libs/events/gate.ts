import type { Pool } from 'pg';
import type { Transaction } from '#libs/stores/postgres/index.js';
import type { EventHandler } from './handler.js';
import { leases, type HeldRow } from './held-row.js';
import { prepared, queryPrepared } from './prepared.js';

/** One (handler, row) pair on its way through the dedup gate. */
export interface GateEntry {
  readonly row: HeldRow;
  readonly handler: EventHandler;
}

/**
 * The insert is the gate: of all that insert a (handler, key), one gets the row back and may have the effect. Sorted, so
 * that two transactions which meet on several keys wait for each other in one order and cannot deadlock.
 */
const GATE_INSERT = `
  insert into core.event_handled (handler_name, idempotency_key, event_id, generation)
  select g.handler_name, g.idempotency_key, g.event_id, g.generation
    from unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[])
      as g (handler_name, idempotency_key, event_id, generation)
   order by g.handler_name, g.idempotency_key
  on conflict do nothing
  returning handler_name, event_id`;

function gateColumns(entries: readonly GateEntry[]): unknown[] {
  return [
    entries.map(({ handler }) => handler.name),
    entries.map(({ row }) => row.event.idempotencyKey),
    entries.map(({ row }) => row.id),
    entries.map(({ row }) => row.event.generation),
  ];
}

/** Closes the gate for all pairs at once. @returns those that were open: their effect is to be applied now */
export async function passGate(tx: Transaction, entries: readonly GateEntry[]): Promise<GateEntry[]> {
  if (entries.length === 0) return [];
  const { rows } = await tx.query<{ handler_name: string; event_id: string }>(GATE_INSERT, gateColumns(entries));
  const won = new Set(rows.map((row) => `${row.handler_name} ${row.event_id}`));
  return entries.filter(({ row, handler }) => won.has(`${handler.name} ${row.id}`));
}

/**
 * Gate and mark of rows whose handlers have no effect of their own in this database: one statement, so one round trip
 * and one commit for hundreds of rows. Only rows that still carry their token are marked, and only those close their
 * gate. (A token means in_flight, by a check constraint; naming the status would lead the planner to the reaper's index.)
 *
 * It does not wait for the disk: there is nothing here that a crash of Postgres may not undo. The work itself was done
 * outside (`before`), and doing it again for a row that is pending again is what its deterministic id is for - the
 * same case as a worker that dies between the start of a workflow and the mark.
 */
const GATE_AND_MARK = prepared(
  'outbox-gate-and-mark',
  `
  with marked as (
    update core.outbox o
       set status = 'delivered', delivered_at = now(), claim_token = null, claim_expires_at = null
      from unnest($1::uuid[], $2::uuid[]) as l (id, token),
           (select set_config('synchronous_commit', 'off', true) as durability offset 0) as commit
     where o.id = l.id and o.claim_token = l.token and commit.durability = 'off'
    returning o.id, o.event_type, o.idempotency_key, o.generation
  ), gate as (
    insert into core.event_handled (handler_name, idempotency_key, event_id, generation)
    select h.name, m.idempotency_key, m.id, m.generation
      from marked m
      join unnest($3::text[], $4::text[]) as h (event_type, name) on h.event_type = m.event_type
     order by h.name, m.idempotency_key
    on conflict do nothing
  )
  select id from marked`,
);

/**
 * Closes the gate of every handler of the rows and marks the rows delivered.
 * @param handlers those of the rows' event types; what a row's gate is called follows from its type
 * @returns ids of the rows whose lease was still good
 */
export async function gateAndMark(
  pool: Pool,
  rows: readonly HeldRow[],
  handlers: readonly EventHandler[],
): Promise<Set<string>> {
  const { rows: marked } = await queryPrepared<{ id: string }>(pool, GATE_AND_MARK, [
    ...leases(rows),
    handlers.map((handler) => handler.eventType),
    handlers.map((handler) => handler.name),
  ]);
  return new Set(marked.map((row) => row.id));
}
