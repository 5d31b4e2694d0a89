import type { Chunk } from '../chunk.js';

/** What is known of a document once it is read and cut, besides its passages. */
export interface PreparedHeader {
  /** The title that the document gives itself, or null. */
  readonly title: string | null;
  /** When the document says that it was written or published: ISO 8601 in UTC; null when it does not say. */
  readonly date: string | null;
  /** Null for formats without pages. */
  readonly pageCount: number | null;
  readonly chunkCount: number;
}

/**
 * A document that is read and cut into passages, as bytes: they can be handed from thread to thread without a copy, kept
 * in the object store as they are, and read again a few passages at a time. A line is one JSON value; the first is the
 * header, each further one a chunk, in order.
 */
export interface PreparedDocument {
  readonly header: PreparedHeader;
  readonly lines: Uint8Array<ArrayBuffer>;
}

const LINE_END = 0x0a;

/** Writes header and chunks as lines. The bytes own their buffer, so that it can be transferred. */
export function encodePrepared(header: PreparedHeader, chunks: readonly Chunk[]): PreparedDocument {
  const parts = [header, ...chunks].map((value) => Buffer.from(`${JSON.stringify(value)}\n`, 'utf8'));
  const lines = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    lines.set(part, offset);
    offset += part.length;
  }
  return { header, lines };
}

/** Thrown when the bytes are not those of a whole prepared document. The document has to be prepared again. */
export class DamagedPreparedError extends Error {
  constructor(what: string, cause?: unknown) {
    super(`a prepared document ${what}`, { cause });
    this.name = 'DamagedPreparedError';
  }
}

/** Reads the lines of a prepared document from bytes that come in pieces: the header first. */
export class PreparedReader {
  readonly #lines: AsyncGenerator<string>;
  #chunkCount = 0;

  constructor(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#lines = linesOf(pieces);
  }

  /** @throws DamagedPreparedError */
  async header(): Promise<PreparedHeader> {
    const next = await this.#lines.next();
    if (next.done === true) throw new DamagedPreparedError('without a header');
    const header = parse(next.value) as Partial<PreparedHeader> | null;
    if (typeof header?.chunkCount !== 'number') throw new DamagedPreparedError('without a header');
    this.#chunkCount = header.chunkCount;
    return header as PreparedHeader;
  }

  /**
   * The chunks in batches of `size`, the last one smaller; no more than one batch is in memory. To be called after
   * `header`. The last batch comes when all was read: who has it, has them all.
   * @throws DamagedPreparedError
   */
  async *batches(size: number): AsyncGenerator<Chunk[]> {
    let batch: Chunk[] = [];
    let count = 0;
    for await (const line of this.#lines) {
      if (count === this.#chunkCount) throw new DamagedPreparedError(`with more than ${count} chunks`);
      if (batch.length === size) {
        yield batch;
        batch = [];
      }
      batch.push(parse(line) as Chunk);
      count += 1;
    }
    if (count !== this.#chunkCount) throw new DamagedPreparedError(`with ${count} of ${this.#chunkCount} chunks`);
    if (batch.length > 0) yield batch;
  }

  /** Gives the source up, wherever the reading is. */
  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new DamagedPreparedError('with a line that is none', error);
  }
}

async function* linesOf(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  let open: Buffer[] = [];
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let start = 0;
    for (let end = bytes.indexOf(LINE_END); end !== -1; end = bytes.indexOf(LINE_END, start)) {
      yield Buffer.concat([...open, bytes.subarray(start, end)]).toString('utf8');
      open = [];
      start = end + 1;
    }
    if (start < bytes.length) open.push(bytes.subarray(start));
  }
}
