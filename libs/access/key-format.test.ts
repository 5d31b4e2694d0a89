import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatKey, hashSecret, parseKey, sameHash } from './key-format.js';

describe('a key', () => {
  it('is read back as it was written, whatever its random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (random) => {
        const key = formatKey('01jd0000000000000000000000', random);
        expect(parseKey(key)).toEqual({
          id: '01jd0000000000000000000000',
          secret: Buffer.from(random).toString('base64url'),
        });
      }),
    );
  });

  it.each([
    '',
    'sp-',
    'sp-abcd-short',
    'sp-ABCD-0123456789abcdef',
    'xx-abcd-0123456789abcdef',
    'sp-abcd-0123456789abcde!',
    'sp-abcd-0123456789abcdef\n',
  ])('%j is none', (key) => {
    expect(parseKey(key)).toBeNull();
  });

  it('is kept as a hash that depends on the secret of the server', () => {
    const hash = hashSecret('server-one', 'secret');
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(hash).not.toContain('secret');
    expect(sameHash(hash, hashSecret('server-one', 'secret'))).toBe(true);
    expect(sameHash(hash, hashSecret('server-two', 'secret'))).toBe(false);
    expect(sameHash(hash, hash.slice(2))).toBe(false);
  });
});
