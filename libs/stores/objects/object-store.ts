import type { Readable } from 'node:stream';

export interface PutResult {
  /** `blake3:<hex>` of all bytes. */
  readonly contentHash: string;
  readonly sizeBytes: number;
}

export interface PutOptions {
  /** The stream is cut off, and nothing is kept, as soon as it is longer than this. */
  readonly maxBytes: number;
}

/** Raw bytes under keys such as `contexts/demo/blake3/9f/9f2c…/<document>`; keys are made by this service, never by users. */
export interface ObjectStore {
  /**
   * Stores a stream while hashing and measuring it; it is never held in memory whole. The key may depend on the hash.
   * What this resolved for survives a power cut, bytes and name.
   * The object is provisional until `keep`: if this process dies before, `provisional` names it to whoever clears up.
   * @throws PayloadTooLargeError when it is longer than `maxBytes`, InsufficientStorageError when the store is full;
   *   nothing is kept then.
   */
  putHashed(
    stream: Readable,
    keyOf: (contentHash: string) => string,
    options: PutOptions,
  ): Promise<PutResult & { key: string }>;
  /** Ends the provisional state of an object; one that has none is kept already. */
  keep(key: string): Promise<void>;
  /** Keys of objects that have been provisional for longer than `olderThanMs`, at most a thousand at a time. */
  provisional(olderThanMs: number): Promise<string[]>;
  /**
   * Removes what writers left half-written that died more than `olderThanMs` ago, at most a thousand at a time.
   * @returns how many.
   */
  removeHalfWritten(olderThanMs: number): Promise<number>;
  /**
   * Stores bytes that are in memory already, replacing what was there: readers see the old ones or the new ones, whole. A
   * power cut may undo it, so only what can be made again is stored this way.
   * @throws InsufficientStorageError when the store is full.
   */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** @throws NotFoundError (code `object_not_found`) when nothing is stored under the key. */
  get(key: string): Promise<Uint8Array>;
  /** @throws NotFoundError (code `object_not_found`) when nothing is stored under the key. */
  stream(key: string): Promise<{ readonly body: Readable; readonly sizeBytes: number }>;
  exists(key: string): Promise<boolean>;
  /** Removes one object; one that is not there is removed already. */
  delete(key: string): Promise<void>;
  /** Removes everything under a prefix that ends in "/". */
  deletePrefix(prefix: string): Promise<void>;
  /** Whether the store can be written to now. */
  check(): Promise<void>;
}
