import { createHmac, timingSafeEqual } from 'node:crypto';

/** `sp-{id}-{secret}`: looked up by the id, proven by the secret. */
const KEY_PATTERN = /^sp-([a-z0-9]{4,64})-([A-Za-z0-9_-]{16,256})$/;

export interface ParsedKey {
  readonly id: string;
  readonly secret: string;
}

/** The two parts of a key, or null when it does not have the form of one. */
export function parseKey(key: string): ParsedKey | null {
  const match = KEY_PATTERN.exec(key);
  return match?.[1] && match[2] ? { id: match[1], secret: match[2] } : null;
}

/** Writes a key from its id and 32 random bytes. */
export function formatKey(id: string, random: Uint8Array): string {
  return `sp-${id}-${Buffer.from(random).toString('base64url')}`;
}

/**
 * What is kept of a key: HMAC-SHA256 of its secret under the server's own secret. A fast hash is enough, because
 * the secret is 256 random bits; the key on the server makes a stolen table useless.
 */
export function hashSecret(serverSecret: string, secret: string): string {
  return createHmac('sha256', serverSecret).update(secret).digest('hex');
}

/** Compares in constant time. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && timingSafeEqual(left, right);
}
