/**
 * The little of CBOR (RFC 8949) that the face needs: find the fields of a frame without decoding their values, and write
 * frames around raw bytes. Values of queries and answers pass through untouched, so nothing of SurrealDB's own tags is lost
 * and large answers cost a copy, not a parse.
 */

/** Thrown when bytes are not well-formed CBOR or nest too deeply. */
export class MalformedCborError extends Error {}

/** SurrealDB's tags (surrealdb.js, CborCodec): 6 NONE, 9 UUID as text, 37 UUID as 16 bytes. */
const TAG_NONE = 6;
const TAG_UUID_TEXT = 9;
const TAG_UUID_BYTES = 37;
/** SurrealDB itself refuses values nested deeper than about 120. */
const MAX_DEPTH = 512;

interface Head {
  readonly major: number;
  readonly info: number;
  /** Length, count, tag or value; -1 for an indefinite length. */
  readonly argument: number;
  readonly next: number;
}

function head(bytes: Buffer, at: number): Head {
  const first = bytes[at];
  if (first === undefined) throw new MalformedCborError('The frame ends too early.');
  const major = first >> 5;
  const info = first & 31;
  if (info < 24) return { major, info, argument: info, next: at + 1 };
  if (info === 31) return { major, info, argument: -1, next: at + 1 };
  const width = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
  if (width === undefined || at + 1 + width > bytes.length)
    throw new MalformedCborError('The frame holds a bad length.');
  const argument = width === 8 ? Number(bytes.readBigUInt64BE(at + 1)) : bytes.readUIntBE(at + 1, width);
  return { major, info, argument, next: at + 1 + width };
}

const isBreak = (bytes: Buffer, at: number): boolean => bytes[at] === 0xff;

/** Offset just behind the item that starts at `at`. */
export function skip(bytes: Buffer, at: number, depth = 0): number {
  if (depth > MAX_DEPTH) throw new MalformedCborError('The frame is nested too deeply.');
  const { major, argument, next } = head(bytes, at);
  if (major === 0 || major === 1) return next;
  if (major === 7) {
    if (argument === -1) throw new MalformedCborError('The frame holds a stray break.');
    return next;
  }
  if (major === 6) return skip(bytes, next, depth + 1);
  if ((major === 2 || major === 3) && argument >= 0) {
    if (next + argument > bytes.length) throw new MalformedCborError('The frame ends too early.');
    return next + argument;
  }
  const perEntry = major === 5 ? 2 : 1;
  let position = next;
  if (argument === -1) {
    while (!isBreak(bytes, position)) for (let i = 0; i < perEntry; i += 1) position = skip(bytes, position, depth + 1);
    return position + 1;
  }
  for (let i = 0; i < argument * perEntry; i += 1) position = skip(bytes, position, depth + 1);
  return position;
}

/** The text that starts at `at`; null when the item is something else. */
export function text(bytes: Buffer, at: number): string | null {
  const { major, argument, next } = head(bytes, at);
  if (major !== 3 || argument < 0 || next + argument > bytes.length) return null;
  return bytes.toString('utf8', next, next + argument);
}

/**
 * The fields of the map in `bytes`, each as the raw bytes of its value; null when it is not a map.
 *
 * Thrown when the map has a key twice (two readers could then disagree on what it says) or bytes follow it.
 */
export function mapFields(bytes: Buffer): Map<string, Buffer> | null {
  const start = head(bytes, 0);
  if (start.major !== 5) return null;
  const fields = new Map<string, Buffer>();
  let position = start.next;
  for (let i = 0; start.argument === -1 ? !isBreak(bytes, position) : i < start.argument; i += 1) {
    const key = text(bytes, position);
    if (key === null) throw new MalformedCborError('A key of the frame is not text.');
    if (fields.has(key)) throw new MalformedCborError(`The frame has ${JSON.stringify(key)} twice.`);
    const valueAt = skip(bytes, position);
    position = skip(bytes, valueAt);
    fields.set(key, bytes.subarray(valueAt, position));
  }
  if (start.argument === -1) position += 1;
  if (position !== bytes.length) throw new MalformedCborError('Bytes follow the frame.');
  return fields;
}

/** The items of the array in `bytes`, each as raw bytes; null when it is not an array. */
export function arrayItems(bytes: Buffer): Buffer[] | null {
  const start = head(bytes, 0);
  if (start.major !== 4) return null;
  const items: Buffer[] = [];
  let position = start.next;
  for (let i = 0; start.argument === -1 ? !isBreak(bytes, position) : i < start.argument; i += 1) {
    const end = skip(bytes, position);
    items.push(bytes.subarray(position, end));
    position = end;
  }
  return items;
}

/** Whether the item is null, undefined or SurrealDB's NONE. */
export function isNothing(item: Buffer | undefined): boolean {
  if (item === undefined || item[0] === 0xf6 || item[0] === 0xf7) return true;
  const { major, argument } = head(item, 0);
  return major === 6 && argument === TAG_NONE;
}

/** The UUID in any of its three spellings (tag 37, tag 9, plain text) as 32 lower-case hex digits; null when it is none. */
export function uuid(item: Buffer): string | null {
  const { major, argument, next } = head(item, 0);
  if (major === 3) return uuidHex(text(item, 0));
  if (major !== 6) return null;
  if (argument === TAG_UUID_TEXT) return uuidHex(text(item, next));
  if (argument !== TAG_UUID_BYTES) return null;
  const inner = head(item, next);
  return inner.major === 2 && inner.argument === 16 ? item.toString('hex', inner.next, inner.next + 16) : null;
}

function uuidHex(value: string | null): string | null {
  return value !== null && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
    ? value.replaceAll('-', '').toLowerCase()
    : null;
}

function encodeHead(major: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(major << 5) | argument]);
  if (argument < 256) return Buffer.from([(major << 5) | 24, argument]);
  const long = Buffer.alloc(5);
  long[0] = (major << 5) | 26;
  long.writeUInt32BE(argument, 1);
  return long;
}

export const NULL = Buffer.from([0xf6]);

export function encodeText(value: string): Buffer {
  const utf8 = Buffer.from(value);
  return Buffer.concat([encodeHead(3, utf8.length), utf8]);
}

/** An integer between -2^32 and 2^32 - 1. */
export function encodeInteger(value: number): Buffer {
  return value < 0 ? encodeHead(1, -1 - value) : encodeHead(0, value);
}

export function encodeUuid(hex: string): Buffer {
  return Buffer.concat([encodeHead(6, TAG_UUID_BYTES), encodeHead(2, 16), Buffer.from(hex, 'hex')]);
}

/** An array around items that are CBOR already. */
export function encodeArray(items: readonly Buffer[]): Buffer {
  return Buffer.concat([encodeHead(4, items.length), ...items]);
}

/** A map around values that are CBOR already. */
export function encodeMap(fields: Readonly<Record<string, Buffer>>): Buffer {
  const entries = Object.entries(fields);
  return Buffer.concat([encodeHead(5, entries.length), ...entries.flatMap(([key, value]) => [encodeText(key), value])]);
}
