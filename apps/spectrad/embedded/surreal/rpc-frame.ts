import { encodeInteger, encodeMap, encodeText, encodeUuid, isNothing, mapFields, text, uuid } from './cbor.js';

/** One request of a client, with its values still as CBOR. */
export interface RpcRequest {
  /** The client's own id, echoed in the answer; undefined when it sent none. */
  readonly id: Buffer | undefined;
  readonly method: string;
  readonly params: Buffer | undefined;
  /** The client's name of one of its sessions; null for the connection's own session. */
  readonly session: string | null;
  readonly txn: string | null;
}

/** A refusal by the face itself, in the shape of the engine's own errors. */
export class RpcRefusal extends Error {
  constructor(
    readonly code: number,
    readonly kind: 'NotAllowed' | 'Validation' | 'NotFound' | 'Internal',
    message: string,
  ) {
    super(message);
  }
}

const INVALID_REQUEST = -32600;

function optionalUuid(item: Buffer | undefined, field: string): string | null {
  if (item === undefined || isNothing(item)) return null;
  const value = uuid(item);
  if (value === null) throw new RpcRefusal(INVALID_REQUEST, 'Validation', `\`${field}\` is not a UUID.`);
  return value;
}

/** Thrown when the frame is not a request: RpcRefusal, or MalformedCborError from the parser. */
export function readRequest(frame: Buffer): RpcRequest {
  const fields = mapFields(frame);
  const methodItem = fields?.get('method');
  const method = methodItem === undefined ? null : text(methodItem, 0);
  if (!fields || method === null)
    throw new RpcRefusal(INVALID_REQUEST, 'Validation', 'A request is a map with a `method`.');
  return {
    id: fields.get('id'),
    method,
    params: fields.get('params'),
    session: optionalUuid(fields.get('session'), 'session'),
    txn: optionalUuid(fields.get('txn'), 'txn'),
  };
}

/**
 * A frame for the engine, built anew from what was read: the engine sees exactly the method, session and transaction that
 * were checked, whatever else the client's frame held.
 */
export function engineFrame(request: {
  method: string;
  params?: Buffer | undefined;
  session?: string;
  txn?: string | null;
}): Buffer {
  return encodeMap({
    method: encodeText(request.method),
    ...(request.params === undefined ? {} : { params: request.params }),
    ...(request.session === undefined ? {} : { session: encodeUuid(request.session) }),
    ...(request.txn === undefined || request.txn === null ? {} : { txn: encodeUuid(request.txn) }),
  });
}

/**
 * The `error` of an engine's bare answer; null when the answer is a result. A result may be a record with a field `error`
 * of its own, so only a map with that one key, holding code and message, counts.
 */
export function errorOf(answer: Buffer): Buffer | null {
  // A map of one entry whose key is the text "error": a1 65 65 72 72 6f 72.
  if (answer.length < 8 || answer.toString('hex', 0, 7) !== 'a1656572726f72') return null;
  const error = mapFields(answer)?.get('error');
  if (error === undefined) return null;
  const fields = mapFields(error);
  return fields?.has('code') && fields.has('message') ? error : null;
}

/** The answer frame for a client, around the engine's raw bytes. */
export function answerFrame(id: Buffer | undefined, answer: Buffer): Buffer {
  const error = errorOf(answer);
  return encodeMap({ ...(id === undefined ? {} : { id }), ...(error ? { error } : { result: answer }) });
}

export function refusalFrame(id: Buffer | undefined, refusal: RpcRefusal): Buffer {
  const error = encodeMap({
    code: encodeInteger(refusal.code),
    kind: encodeText(refusal.kind),
    message: encodeText(refusal.message),
  });
  return encodeMap({ ...(id === undefined ? {} : { id }), error });
}
