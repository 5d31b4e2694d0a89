import { createReadStream } from 'node:fs';
import { createBLAKE3 } from 'hash-wasm';

/** The content hash that the service gives a file: BLAKE3 of its bytes, read as a stream, as `blake3:<hex>`. */
export async function contentHash(path: string): Promise<string> {
  const hasher = await createBLAKE3();
  for await (const chunk of createReadStream(path)) hasher.update(chunk as Buffer);
  return `blake3:${hasher.digest('hex')}`;
}
