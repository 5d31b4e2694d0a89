import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CONTEXT_ID_PATTERN, RECORD_ID_PATTERN } from './common.js';
import { idFromDigest, newId } from './ids.js';

const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('ids', () => {
  it('have the form that routes accept, and sort by their time', () => {
    fc.assert(
      fc.property(time, time, random, random, (a, b, x, y) => {
        const [one, two] = [newId(a, x), newId(b, y)];
        expect(one).toMatch(RECORD_ID_PATTERN);
        if (a !== b) expect(one < two).toBe(a < b);
      }),
    );
  });

  it('of one moment differ when the randomness differs', () => {
    fc.assert(
      fc.property(time, random, random, (now, x, y) => {
        expect(newId(now, x) === newId(now, y)).toBe(Buffer.from(x).equals(Buffer.from(y)));
      }),
    );
  });

  it('of digests repeat, differ with the first 16 bytes, and need as many', () => {
    const digest = Uint8Array.from({ length: 32 }, (_, index) => index);
    expect(idFromDigest(digest)).toBe(idFromDigest(digest.slice(0, 16)));
    expect(idFromDigest(digest)).toMatch(RECORD_ID_PATTERN);
    expect(idFromDigest(Uint8Array.from(digest, (byte, index) => (index === 15 ? byte ^ 1 : byte)))).not.toBe(
      idFromDigest(digest),
    );
    expect(() => idFromDigest(new Uint8Array(15))).toThrow(RangeError);
  });
});

describe('Context ids', () => {
  it.each(['a', 'demo', 'a-b', '0', 'a'.repeat(63)])('%s is one', (id) => {
    expect(id).toMatch(CONTEXT_ID_PATTERN);
  });
  it.each(['', '-a', 'a-', 'A', 'a_b', 'a.b', 'a/b', 'a'.repeat(64), 'ä', 'a\n'])('%j is none', (id) => {
    expect(id).not.toMatch(CONTEXT_ID_PATTERN);
  });
});
