import { knownEncoding } from './decode-text.js';

/** The `charset` of a Content-Type, under its standard name; null where there is none, or none that can be decoded. */
export function declaredCharset(contentType: string | null | undefined): string | null {
  const name = /;\s*charset\s*=\s*"?([\w.:-]+)/iu.exec(contentType ?? '')?.[1];
  return name === undefined ? null : knownEncoding(name);
}
