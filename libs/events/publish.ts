import { randomUUIDv7 } from 'node:crypto';
import { EVENTS, type EventPayload, type EventType } from '#libs/contracts/index.js';
import type { Transaction } from '#libs/stores/postgres/index.js';
import { currentTrace, toTraceparent } from '#libs/telemetry/index.js';
import { outboxChannel } from './channel.js';
import { EventContractError } from './errors.js';

export interface NewEvent<T extends EventType> {
  readonly type: T;
  readonly payload: EventPayload<T>;
  /** What the event is about, in natural ids joined by `:`. The same key twice has one effect per handler. */
  readonly idempotencyKey: string;
  /** Generation of this process. */
  readonly generation: number;
  /** W3C traceparent; that of the current trace by default. */
  readonly traceContext?: string;
  /** Receiving context; every handler of the type by default. */
  readonly target?: string;
  /** Tenant domain, a UUID. */
  readonly domainId?: string;
  readonly orgId?: string;
}

/**
 * clock_timestamp() rather than now(): the start of a long transaction is not when the event was written, and a claim
 * that scans from its low-water mark would find such a row only at its next full look (see claim-window.ts).
 * No pg_notify here: inside the transaction it serialises commits (10,621 -> 3,177 tps at 16 writers). Wake the relays
 * through a Notifier after the commit.
 */
const INSERT = `
  insert into core.outbox (id, event_type, event_version, source, target, content_class, channel, generation, domain_id,
                           org_id, payload, idempotency_key, trace_context, occurred_at, available_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, clock_timestamp(), clock_timestamp())`;

/**
 * Writes an event into the outbox, as part of the caller's transaction: its commit is the promise that the handlers of
 * this generation will see the event at least once and have their effect once. Afterwards call `Notifier.wake`.
 *
 * Throws EventContractError when the payload breaks the event's contract or the generation is missing.
 *
 * @param newUuid id of the row; time-ordered by default, so that the primary key stays compact
 */
export async function publish<T extends EventType>(
  tx: Transaction,
  event: NewEvent<T>,
  newUuid: () => string = randomUUIDv7,
): Promise<{ id: string }> {
  if (!Number.isSafeInteger(event.generation) || event.generation < 1) {
    throw new EventContractError(
      'SPECTRA_GENERATION is not set: an event without a generation would never be handled.',
    );
  }
  if (event.idempotencyKey === '') throw new EventContractError(`${event.type} needs an idempotency key.`);
  const contract = EVENTS[event.type];
  const parsed = contract.payload.safeParse(event.payload);
  if (!parsed.success) {
    throw new EventContractError(`The payload of ${event.type} breaks its contract.`, parsed.error);
  }
  const id = newUuid();
  const trace = currentTrace();
  await tx.query(INSERT, [
    id,
    event.type,
    contract.version,
    contract.source,
    event.target ?? null,
    contract.contentClass,
    outboxChannel(event.generation),
    event.generation,
    event.domainId ?? null,
    event.orgId ?? null,
    JSON.stringify(parsed.data),
    event.idempotencyKey,
    event.traceContext ?? (trace === undefined ? null : toTraceparent(trace)),
  ]);
  return { id };
}
