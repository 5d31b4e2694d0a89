const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford base 32, lower case

function encode(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = ALPHABET.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return text;
}

/**
 * A new 128-bit id: 48 bits of Unix milliseconds, 80 bits of randomness (the ULID layout, lower case), 26 characters.
 * Clock and randomness are parameters so that tests can bend them.
 */
export function newId(nowMs: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(nowMs) << 16n);
  bytes.set(random.subarray(0, 10), 6);
  return encode(bytes);
}

/** The id that a digest of at least 16 bytes stands for: the same input, the same id. Used for rows that a rerun must overwrite. */
export function idFromDigest(digest: Uint8Array): string {
  if (digest.length < 16) throw new RangeError('idFromDigest needs at least 16 bytes');
  return encode(digest.subarray(0, 16));
}
