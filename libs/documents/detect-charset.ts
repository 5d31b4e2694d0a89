import { analyse } from 'chardet';

/**
 * Measured on one to five sentences in eleven languages: the right encoding comes out at 26 or more (most above 35), and
 * random bytes at 19 or less. Between the two lies nothing that could be told from a guess.
 */
const MIN_CONFIDENCE = 20;
/** Detection takes 0.7 s per megabyte; more than this makes it no surer. */
const SAMPLE_BYTES = 64 * 1024;
/** What stands in front of the first byte that is not ASCII is sampled too: words make a language. */
const LEAD_BYTES = 1024;

/**
 * The encoding that bytes which are not UTF-8 most likely have, as a name that TextDecoder knows; null when it cannot
 * be told. Looks at a sample around the first byte that is not ASCII.
 */
export function detectCharset(bytes: Uint8Array): string | null {
  const first = bytes.findIndex((byte) => byte > 0x7f);
  if (first === -1) return null;
  const start = Math.max(0, first - LEAD_BYTES);
  for (const { name, confidence } of analyse(bytes.subarray(start, start + SAMPLE_BYTES))) {
    if (confidence < MIN_CONFIDENCE) return null;
    if (isDecodable(name)) return name;
  }
  return null;
}

/** UTF-16 without a byte order mark: in scripts with letters, every other byte of the text's beginning is mostly NUL. */
export function unmarkedUtf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const sample = bytes.subarray(0, 1024);
  if (sample.length < 4) return null;
  const nul = [0, 0];
  sample.forEach((byte, index) => {
    if (byte === 0) nul[index % 2] = (nul[index % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = nul;
  const many = sample.length * 0.35;
  const text = sample.every(
    (byte, index) => byte >= 0x20 || byte === 0 || (byte >= 9 && byte <= 13) || sample[index ^ 1] !== 0,
  );
  if (!text) return null;
  if (odd >= many && even === 0) return 'utf-16le';
  return even >= many && odd === 0 ? 'utf-16be' : null;
}

function isDecodable(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return false;
  }
}
