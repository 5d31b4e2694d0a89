import { RecordId } from 'surrealdb';
import { ConflictError } from '#libs/contracts/index.js';
import { atomic, type SurrealSession } from '#libs/stores/surreal/index.js';

/** Within this time the same key with the same body answers what the first call answered. */
export const IDEMPOTENCY_WINDOW = '24h';
/** A reservation whose owner went silent for this long may be taken over: its process died. */
const LEASE = '60s';

export interface Reservation {
  /** Key of the record: the scope of an Idempotency-Key is the Context (its database) and the principal. */
  readonly record: RecordId;
  readonly owner: string;
}

export type Begun =
  | { readonly kind: 'started'; readonly reservation: Reservation }
  | { readonly kind: 'replay'; readonly response: unknown };

interface Outcome {
  outcome: 'started' | 'replay' | 'conflict' | 'in_flight';
  response?: unknown;
}

const BEGIN_REQUEST = `BEGIN;
LET $found = (SELECT * FROM ONLY $record);
LET $live = $found != NONE AND $found.expires_at > time::now();
LET $outcome = IF !$live { 'started' }
  ELSE IF $found.request_hash != $hash { 'conflict' }
  ELSE IF $found.state = 'done' { 'replay' }
  ELSE IF $found.lease_until > time::now() { 'in_flight' }
  ELSE { 'started' };
IF $outcome = 'started' {
  UPSERT $record CONTENT { request_hash: $hash, state: 'in_flight', owner: $owner,
    lease_until: time::now() + ${LEASE}, expires_at: time::now() + ${IDEMPOTENCY_WINDOW} };
};
RETURN { outcome: $outcome, response: IF $outcome = 'replay' { $found.response } ELSE { NONE } };
COMMIT;`;

/** Statement that marks a reservation done; it belongs into the transaction of the write that it guards. */
export const COMPLETE_RESERVATION = `IF $reservation != NONE {
  LET $kept = (UPDATE $reservation SET state = 'done', response = $response WHERE owner = $owner AND state = 'in_flight' RETURN VALUE id);
  IF array::len($kept) = 0 { THROW 'idempotency reservation lost' };
};`;

/** Idempotency-Key records of one Context. */
export class IdempotencyRepository {
  constructor(private readonly session: SurrealSession) {}

  /**
   * Reserves a key for a request, or finds the answer that the same request got before.
   * @param requestHash hash of the request's route and body
   * @param owner a fresh id of this attempt
   * @throws ConflictError for another body under the same key, or while the first call is still running.
   */
  async begin(principalId: string, key: string, requestHash: string, owner: string): Promise<Begun> {
    const record = new RecordId('idempotency', [principalId, key]);
    const results = await atomic(this.session, BEGIN_REQUEST, { record, hash: requestHash, owner });
    const result = results.findLast((entry) => typeof entry === 'object' && entry !== null && 'outcome' in entry) as
      Outcome | undefined;
    switch (result?.outcome) {
      case 'started':
        return { kind: 'started', reservation: { record, owner } };
      case 'replay':
        return { kind: 'replay', response: result.response };
      case 'conflict':
        throw new ConflictError(
          'This Idempotency-Key was used with another body. Use a new key for a new request.',
          'idempotency_conflict',
        );
      case 'in_flight':
        throw new ConflictError(
          'The first request with this Idempotency-Key is still running. Try again shortly.',
          'idempotency_in_flight',
        );
      default:
        throw new Error('SurrealDB answered a reservation without an outcome');
    }
  }

  /** Gives the key free after a failed write. */
  async release(reservation: Reservation): Promise<void> {
    await atomic(this.session, `DELETE $record WHERE owner = $owner AND state = 'in_flight'`, { ...reservation });
  }

  /** Removes records past their window. @returns how many. */
  async expire(): Promise<number> {
    const [removed] = await atomic<[unknown[]]>(
      this.session,
      'DELETE idempotency WHERE expires_at <= time::now() RETURN BEFORE',
    );
    return removed.length;
  }
}
