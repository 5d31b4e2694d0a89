import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CborCodec, Uuid } from 'surrealdb';
import {
  arrayItems,
  encodeArray,
  encodeInteger,
  encodeMap,
  encodeText,
  encodeUuid,
  isNothing,
  mapFields,
  skip,
  uuid,
} from './cbor.js';
import { readRequest } from './rpc-frame.js';

const codec = new CborCodec({});
const encode = (value: unknown): Buffer => Buffer.from(codec.encode(value));
const decode = (bytes: Buffer): unknown => codec.decode(new Uint8Array(bytes));
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.uuid().map((id) => new Uuid(id)),
    ),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
  ),
})).value;

/** The SDK's decoder, the oracle here, loses this one key: it assigns it as the prototype. */
const key = fc.string().filter((text) => text !== '__proto__');

describe('CBOR', () => {
  it('finds the end of everything that the SDK can write', () => {
    fc.assert(
      fc.property(value, (item) => {
        const bytes = encode(item);
        expect(skip(bytes, 0)).toBe(bytes.length);
      }),
    );
  });

  it('cuts a map and an array into values that decode to the same', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { noNullPrototype: true }), fc.array(value), (map, list) => {
        const fields = [...(mapFields(encode(map)) ?? [])].map(([name, bytes]) => [name, decode(bytes)]);
        expect(Object.fromEntries(fields)).toEqual(decode(encode(map)));
        expect(arrayItems(encode(list))?.map(decode)).toEqual(decode(encode(list)));
      }),
    );
  });

  it('writes what the SDK reads', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: -(2 ** 32), max: 2 ** 32 - 1 }), fc.uuid(), (text, integer, id) => {
        const bytes = encodeMap({
          text: encodeText(text),
          list: encodeArray([encodeInteger(integer), encodeUuid(id.replaceAll('-', ''))]),
        });
        expect(decode(bytes)).toEqual({ text, list: [integer, new Uuid(id)] });
      }),
    );
  });

  it('reads a UUID in each of its spellings', () => {
    const id = '0191f7e2-6f0e-7c4b-8a51-5e6f0a1b2c3d';
    const hex = id.replaceAll('-', '');
    const tagged = Buffer.concat([Buffer.from([0xc9]), encodeText(id)]);
    expect([encode(new Uuid(id)), tagged, encodeText(id.toUpperCase())].map(uuid)).toEqual([hex, hex, hex]);
    expect(uuid(encodeText('nonsense'))).toBeNull();
  });

  it('knows null, undefined and NONE as nothing', () => {
    expect([Buffer.from([0xf6]), Buffer.from([0xf7]), Buffer.from([0xc6, 0xf6]), undefined].map(isNothing)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(isNothing(encodeText(''))).toBe(false);
  });

  it('never reads beyond the bytes and never answers for a frame that is cut', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value, { noNullPrototype: true, minKeys: 1 }), fc.nat(), (map, cut) => {
        const bytes = encode(map);
        expect(() => mapFields(bytes.subarray(0, cut % bytes.length))).toThrow();
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(skip(Buffer.from(bytes), 0)).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

describe('readRequest', () => {
  it('refuses a key that stands twice, of which two readers could take different ones', () => {
    const twice = Buffer.concat([
      Buffer.from([0xa2]),
      encodeText('method'),
      encodeText('ping'),
      encodeText('method'),
      encodeText('query'),
    ]);
    expect(() => readRequest(twice)).toThrow('"method" twice');
  });

  it('refuses frames that are no request', () => {
    const frames = [
      Buffer.from([0x80]),
      encode({}),
      encode({ method: 1 }),
      encode({ method: 'ping', session: 7 }),
      Buffer.concat([encode({ method: 'ping' }), encode({})]),
    ];
    for (const frame of frames) expect(() => readRequest(frame)).toThrow();
  });
});
