import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type {
  factsBatchRequestSchema,
  FactsBatchResponse,
  factsRequestSchema,
  FactsResponse,
  Health,
  QueryDocumentsRequest,
  QueryDocumentsResponse,
  QueryMemoryRequest,
  QueryMemoryResponse,
  Version,
} from '#libs/contracts/index.js';
import { ContextsApi } from './contexts-api.js';
import { DocumentsApi } from './documents-api.js';
import { ApiError, ClientSettingsError } from './errors.js';
import { KeysApi } from './keys-api.js';
import { sleepFor, Transport, type ApiRequest, type TransportOptions } from './transport.js';

export interface SpectraClientOptions extends Partial<Omit<TransportOptions, 'url'>> {
  /** Address of the api, e.g. http://127.0.0.1:9090. */
  readonly url: string;
  /** Context that documents, recall and facts belong to. */
  readonly contextId?: string | undefined;
}

export type FactInput = z.input<typeof factsRequestSchema>;
export type FactsInput = z.input<typeof factsBatchRequestSchema>;
export type MemoryQuery = Partial<QueryMemoryRequest> & Pick<QueryMemoryRequest, 'query'>;
export type DocumentQuery = Partial<QueryDocumentsRequest> & Pick<QueryDocumentsRequest, 'query'>;

interface WriteOptions {
  /** Opaque; the same key with the same body within 24 h is one write. By default a random one for this call. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

/**
 * Thin HTTP client of the REST surface in libs/contracts/operations.ts. GETs, reads and writes with an
 * `Idempotency-Key` are tried again after 250, 500 and 1000 ms on a broken connection or a 5xx, or after what
 * `Retry-After` asks for when that is longer.
 *
 * Thrown by every method: {@link ApiError} for an answer that is an error, `ConnectionError` when none came,
 * {@link ClientSettingsError} when a key or the Context is not set.
 */
export class SpectraClient {
  readonly contexts: ContextsApi;
  readonly keys: KeysApi;
  readonly documents: DocumentsApi;
  readonly #transport: Transport;
  readonly #contextId: string | undefined;

  constructor({ contextId, ...options }: SpectraClientOptions) {
    this.#contextId = contextId;
    this.#transport = new Transport({
      ...options,
      fetch: options.fetch ?? fetch,
      timeoutMs: options.timeoutMs ?? 30_000,
      retries: options.retries ?? 3,
      sleep: options.sleep ?? sleepFor,
      now: options.now ?? Date.now,
    });
    const context = (): string => this.#context();
    this.contexts = new ContextsApi(this.#transport);
    this.keys = new KeysApi(this.#transport, context);
    this.documents = new DocumentsApi(this.#transport, () => this.#path('/documents'));
  }

  #context(): string {
    if (this.#contextId === undefined || this.#contextId === '')
      throw new ClientSettingsError('missing_context_id', 'This needs the id of a Context, and none is set.');
    return this.#contextId;
  }

  #path(rest: string): string {
    return `/api/v1/${encodeURIComponent(this.#context())}${rest}`;
  }

  /** The deploy's go / no-go. Asked once, without retries: an answer of "unavailable" (503) is an answer. */
  async health(): Promise<Health> {
    const health = await this.#transport.json<Partial<Health> | undefined>({
      method: 'GET',
      path: '/health',
      auth: 'none',
      retries: 0,
      alsoAccept: 503,
    });
    if (health?.wiring) return health as Health;
    throw new ApiError({ status: 503, code: 'unavailable', message: 'The service answers, but not with its health.' });
  }

  async version(): Promise<Version> {
    return this.#transport.json({ method: 'GET', path: '/version', auth: 'none' });
  }

  /** Recall over everything that the Context remembers. */
  async query(query: MemoryQuery): Promise<QueryMemoryResponse> {
    return this.#post('/query', query, { replaySafe: true });
  }

  /** Ranked passages of documents. */
  async queryDocuments(query: DocumentQuery): Promise<QueryDocumentsResponse> {
    return this.#post('/documents/query', query, { replaySafe: true });
  }

  /** Remembers one message. This version takes `infer: 'none'`: the text as it is. */
  async addFact(fact: FactInput, options: WriteOptions = {}): Promise<FactsResponse> {
    return this.#write('/facts', fact, options);
  }

  /** Remembers a conversation. This version takes `infer: 'none'`. */
  async addFacts(facts: FactsInput, options: WriteOptions = {}): Promise<FactsBatchResponse> {
    return this.#write('/facts/batch', facts, options);
  }

  async #write<T>(path: string, json: unknown, options: WriteOptions): Promise<T> {
    const idempotencyKey = options.idempotencyKey ?? randomBytes(32).toString('hex');
    return this.#post(path, json, { idempotencyKey, signal: options.signal });
  }

  async #post<T>(path: string, json: unknown, rest: Partial<ApiRequest>): Promise<T> {
    return this.#transport.json({
      method: 'POST',
      path: this.#path(path),
      auth: 'context',
      json,
      ...rest,
    });
  }
}
