import { EVENTS, ValidationError, type ContentClass, type EventType } from '#libs/contracts/index.js';

/** An event as its handlers see it. */
export interface EventEnvelope<P = unknown> {
  readonly eventId: string;
  readonly eventType: string;
  readonly eventVersion: number;
  readonly occurredAt: Date;
  readonly source: string;
  readonly target: string | null;
  readonly contentClass: ContentClass;
  readonly generation: number;
  readonly domainId: string | null;
  readonly orgId: string | null;
  readonly payload: P;
  readonly idempotencyKey: string;
  /** W3C traceparent of the publisher. */
  readonly traceContext: string | null;
  /** 1 for the first claim; a crash counts, a release does not. */
  readonly attempt: number;
}

/** What the claim reads of a row, as the driver hands it over. */
export interface OutboxRow {
  readonly id: string;
  readonly event_type: string;
  readonly event_version: number;
  readonly occurred_at: Date;
  readonly source: string;
  readonly target: string | null;
  readonly content_class: ContentClass;
  readonly domain_id: string | null;
  readonly org_id: string | null;
  readonly payload: unknown;
  readonly idempotency_key: string;
  readonly trace_context: string | null;
  readonly attempts: number;
}

export function toEnvelope(row: OutboxRow, generation: number): EventEnvelope {
  return {
    eventId: row.id,
    eventType: row.event_type,
    eventVersion: row.event_version,
    occurredAt: row.occurred_at,
    source: row.source,
    target: row.target,
    contentClass: row.content_class,
    generation,
    domainId: row.domain_id,
    orgId: row.org_id,
    payload: row.payload,
    idempotencyKey: row.idempotency_key,
    traceContext: row.trace_context,
    attempt: row.attempts,
  };
}

/**
 * Checks the payload against the contract, where this code writes the same version. Rows of an older version go to the
 * handlers as they are: they tell versions apart by `eventVersion`.
 *
 * @throws ValidationError (terminal) for a payload that breaks its contract and for a version newer than this code
 */
export function checkPayload(event: EventEnvelope): void {
  if (!isKnown(event.eventType)) return;
  const contract = EVENTS[event.eventType];
  if (event.eventVersion > contract.version) {
    throw new ValidationError(
      `${event.eventType} has version ${event.eventVersion}; this code knows versions up to ${contract.version}.`,
    );
  }
  if (event.eventVersion < contract.version) return;
  const parsed = contract.payload.safeParse(event.payload);
  if (parsed.success) return;
  const fields = parsed.error.issues.map((issue) => `${issue.path.join('.')} (${issue.code})`);
  throw new ValidationError(`The payload of ${event.eventType} breaks its contract: ${fields.join(', ')}.`);
}

function isKnown(type: string): type is EventType {
  return Object.hasOwn(EVENTS, type);
}
