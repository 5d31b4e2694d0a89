import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { toDeclaredCasing } from './casing.js';

const schema = z.object({
  pageSize: z.number(),
  session_id: z.string(),
  plain: z.string(),
  nested: z.object({ radiusKm: z.number() }).nullish(),
  items: z.array(z.object({ mimeType: z.string() })).optional(),
});

describe('the casing of keys', () => {
  it('becomes the declared one in either direction, at every depth', () => {
    expect(
      toDeclaredCasing(schema, {
        page_size: 1,
        sessionId: 's',
        plain: 'p',
        nested: { radius_km: 2 },
        items: [{ mime_type: 'a' }, { mimeType: 'b' }],
        un_known: 1,
      }),
    ).toEqual({
      pageSize: 1,
      session_id: 's',
      plain: 'p',
      nested: { radiusKm: 2 },
      items: [{ mimeType: 'a' }, { mimeType: 'b' }],
      un_known: 1,
    });
  });

  it('that is declared wins over the other, whichever comes first', () => {
    expect(toDeclaredCasing(schema, { page_size: 1, pageSize: 2 })).toEqual({ pageSize: 2 });
    expect(toDeclaredCasing(schema, { pageSize: 2, page_size: 1 })).toEqual({ pageSize: 2 });
  });

  it('is left alone in values that are no objects, and in free-form ones', () => {
    for (const value of [null, 1, 'x', [1]]) expect(toDeclaredCasing(schema, value)).toEqual(value);
    const free = z.object({ config: z.record(z.string(), z.unknown()) });
    expect(toDeclaredCasing(free, { config: { some_key: 1 } })).toEqual({ config: { some_key: 1 } });
  });

  it('never takes a prototype from a body', () => {
    const hostile = JSON.parse('{"__proto__":{"x":1},"page_size":1}') as unknown;
    const result = toDeclaredCasing(schema, hostile) as Record<string, unknown>;
    expect(result['x']).toBeUndefined();
    expect(Object.keys(result)).toEqual(['pageSize']);
  });

  it('does not change a second time', () => {
    const key = fc.oneof(fc.constantFrom('page_size', 'pageSize', 'sessionId', 'session_id', 'nested'), fc.string());
    fc.assert(
      fc.property(fc.dictionary(key, fc.oneof(fc.integer(), fc.dictionary(key, fc.integer()))), (value) => {
        const once = toDeclaredCasing(schema, value);
        expect(toDeclaredCasing(schema, once)).toEqual(once);
      }),
    );
  });
});
