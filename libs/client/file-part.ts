import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { ReadableStream as NodeStream } from 'node:stream/web';
import { FileChangedError } from './errors.js';

const CHUNK_BYTES = 256 * 1024;

/**
 * The file of a multipart body, read from disk as it is sent.
 *
 * It stands in for `openAsBlob`: Node's fetch neither rejects nor ends when a part's stream fails, and the error turns
 * up as an unhandled rejection instead (seen with 24.21). So this stream never fails; it calls `fail`, which has to
 * end the request.
 */
export class FilePart extends File {
  readonly #path: string;
  readonly #size: number;
  readonly #fail: (error: unknown) => void;

  constructor(path: string, sizeBytes: number, mediaType: string, fail: (error: unknown) => void) {
    super([], basename(path), { type: mediaType });
    this.#path = path;
    this.#size = sizeBytes;
    this.#fail = fail;
    // Announced in Content-Length. A property, because TypeScript allows no accessor in its place.
    Object.defineProperty(this, 'size', { value: sizeBytes });
  }

  override stream(): ReturnType<File['stream']> {
    return NodeStream.from(this.#bytes()) as ReturnType<File['stream']>;
  }

  async *#bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      const file = await open(this.#path, 'r');
      try {
        let sent = 0;
        for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES })) {
          const bytes = chunk as Buffer;
          sent += bytes.length;
          if (sent > this.#size) throw new FileChangedError(this.#path);
          yield bytes;
        }
        if (sent !== this.#size) throw new FileChangedError(this.#path);
      } finally {
        await file.close();
      }
    } catch (error) {
      this.#fail(error);
    }
  }
}
