/**
 * FNV-1a over UTF-16 units with the finaliser of MurmurHash3, 32 bits unsigned. FNV alone leaves the low bits of short,
 * similar strings correlated, and the low bits choose the dimension.
 */
export function hashText(text: string, start = 0, end = text.length, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = start; index < end; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return mix(hash);
}

/** The hash of two things in this order. */
export function hashPair(first: number, second: number): number {
  return mix(Math.imul(first, 0x9e3779b1) ^ second);
}

function mix(value: number): number {
  let hash = value;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0;
}
