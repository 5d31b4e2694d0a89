import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { z } from 'zod';
import { SpectraError } from '#libs/contracts/index.js';
import {
  dimensionMismatch,
  invalidAnswer,
  notConfigured,
  rejected,
  unauthorized,
  unavailable,
} from './embedding-errors.js';
import type { EmbeddingModel } from './embeddings.js';

export interface OpenAiEmbeddingsOptions {
  /** Base address up to and including the version, such as `https://api.openai.com/v1`; `/embeddings` is added. */
  readonly url: string;
  readonly model: string;
  /** Sent as a bearer token; local endpoints often need none. */
  readonly apiKey?: string | undefined;
  /** Length of the model's vectors; every answer is checked against it. */
  readonly dimensions: number;
  /** For one request, in milliseconds; default 30,000. */
  readonly timeoutMs?: number;
  /** Texts in one request; default 96, the smallest limit among the common providers. */
  readonly maxBatch?: number;
  /** Further attempts after a failure that may pass; default 4. */
  readonly retries?: number;
  /** Pause before the first of them in milliseconds, doubled from one to the next; default 250. */
  readonly retryDelayMs?: number;
  readonly fetch?: typeof fetch;
}

const DEFAULTS = { timeoutMs: 30_000, maxBatch: 96, retries: 4, retryDelayMs: 250 };
/** An endpoint that asks for a longer pause is given up: whoever retries the whole operation waits instead. */
const LONGEST_PAUSE_SECONDS = 30;
const MAX_DETAIL_LENGTH = 200;

const answerSchema = z.object({
  data: z.array(z.object({ index: z.int().nonnegative().optional(), embedding: z.array(z.number()) })),
});
const problemSchema = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });

/**
 * Any endpoint that speaks OpenAI's `POST /embeddings`. Texts go in batches, one request at a time. Rate limits (with
 * `Retry-After`), server errors, broken connections and time-outs are retried; what no retry can heal is thrown at
 * once. The key is in no message, whatever the endpoint answers.
 *
 * Thrown by the call itself: SpectraError `embedding_not_configured` without a url, model or dimensions. Thrown by
 * `embed`: `embedding_unauthorized`, `embedding_rejected`, `embedding_dimension_mismatch`, `embedding_invalid_answer`,
 * `embedding_unavailable`.
 */
export function openAiEmbeddings(options: OpenAiEmbeddingsOptions): EmbeddingModel {
  const settings = { ...DEFAULTS, fetch: globalThis.fetch, ...withoutUndefined(options) };
  if (settings.url === '' || settings.model === '' || !(settings.dimensions >= 1)) throw notConfigured();
  const endpoint = new EmbeddingsEndpoint(settings);
  return {
    id: settings.model,
    dimensions: settings.dimensions,
    async embed(texts, { signal } = {}) {
      const vectors: number[][] = [];
      for (let start = 0; start < texts.length; start += settings.maxBatch) {
        signal?.throwIfAborted();
        vectors.push(...(await endpoint.embedBatch(texts.slice(start, start + settings.maxBatch), signal)));
      }
      return vectors;
    },
  };
}

type Settings = OpenAiEmbeddingsOptions & typeof DEFAULTS & { readonly fetch: typeof fetch };

class EmbeddingsEndpoint {
  readonly #settings: Settings;
  readonly #address: string;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#address = `${settings.url.replace(/\/+$/u, '')}/embeddings`;
  }

  async embedBatch(texts: readonly string[], signal: AbortSignal | undefined): Promise<number[][]> {
    const { retries, retryDelayMs } = this.#settings;
    return pRetry(() => this.#request(texts, signal), {
      retries,
      minTimeout: retryDelayMs,
      randomize: true,
      ...(signal === undefined ? {} : { signal }),
      shouldRetry: ({ error }) =>
        error instanceof SpectraError && error.retryable && (error.retryAfterSeconds ?? 0) <= LONGEST_PAUSE_SECONDS,
      onFailedAttempt: async ({ error, retriesLeft }) => {
        const seconds = error instanceof SpectraError ? (error.retryAfterSeconds ?? 0) : 0;
        if (seconds === 0 || seconds > LONGEST_PAUSE_SECONDS || retriesLeft === 0) return;
        await sleep(seconds * 1000, undefined, { signal }).catch(() => signal?.throwIfAborted());
      },
    });
  }

  async #request(texts: readonly string[], signal: AbortSignal | undefined): Promise<number[][]> {
    const { apiKey, model, timeoutMs } = this.#settings;
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let body: string;
    try {
      response = await this.#settings.fetch(this.#address, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
        },
        // Some endpoints refuse a batch for one empty text.
        body: JSON.stringify({ model, input: texts.map((text) => (text === '' ? ' ' : text)) }),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      body = await response.text();
    } catch (cause) {
      signal?.throwIfAborted();
      const reason = timeout.aborted ? `did not answer within ${timeoutMs} ms` : 'cannot be reached';
      throw unavailable(`${this.#host} ${reason}`, undefined, cause);
    }
    if (!response.ok) throw this.#explain(response, body);
    return this.#vectors(body, texts.length);
  }

  #explain(response: Response, body: string): SpectraError {
    const { status } = response;
    // Providers repeat parts of the key when they refuse it, so their words are left out.
    if (status === 401 || status === 403) return unauthorized(this.#host, status);
    if (status === 429 || status === 408 || status === 409 || status >= 500) {
      return unavailable(`${this.#host} answered ${status}`, retryAfter(response.headers.get('retry-after')));
    }
    return rejected(this.#host, status, this.#detail(body));
  }

  #vectors(body: string, expected: number): number[][] {
    const { dimensions, model } = this.#settings;
    const answer = answerSchema.safeParse(parseJson(body));
    // A cut or mangled answer is the network's doing more often than the endpoint's: it is worth asking again.
    if (!answer.success) throw invalidAnswer(this.#host, 'is not the JSON of an embeddings answer', true);
    const { data } = answer.data;
    if (data.length !== expected) {
      throw invalidAnswer(this.#host, `has ${data.length} vectors for ${expected} texts`, false);
    }
    const vectors: (number[] | undefined)[] = Array.from({ length: expected });
    for (const [position, { index = position, embedding }] of data.entries()) {
      if (embedding.length !== dimensions) throw dimensionMismatch(model, embedding.length, dimensions);
      vectors[index] = embedding;
    }
    const complete = vectors.filter((vector) => vector !== undefined);
    if (vectors.length !== expected || complete.length !== expected) {
      throw invalidAnswer(this.#host, 'does not name every text exactly once', false);
    }
    return complete;
  }

  get #host(): string {
    return URL.parse(this.#address)?.host ?? 'the configured address';
  }

  #detail(body: string): string {
    const problem = problemSchema.safeParse(parseJson(body));
    if (!problem.success) return '';
    const { error } = problem.data;
    const message = typeof error === 'string' ? error : error.message;
    const { apiKey } = this.#settings;
    return (apiKey ? message.replaceAll(apiKey, '[key]') : message).slice(0, MAX_DETAIL_LENGTH);
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Seconds, from either form of the header (RFC 9110, 10.2.3). */
function retryAfter(header: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}

function withoutUndefined(options: OpenAiEmbeddingsOptions): OpenAiEmbeddingsOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as OpenAiEmbeddingsOptions;
}
