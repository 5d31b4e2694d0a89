import { ReadableStream as NodeStream } from 'node:stream/web';
import { setTimeout as delay } from 'node:timers/promises';
import { connectionFailure, timeoutFailure } from './connection-failure.js';
import { ApiError, ClientSettingsError, ConnectionError } from './errors.js';
import { apiErrorFrom } from './problem-answer.js';
import { retryDelayMs } from './retry.js';

export interface TransportOptions {
  readonly url: string;
  readonly managementUrl?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly managementApiKey?: string | undefined;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly now: () => number;
}

export type Authorization = 'none' | 'management' | 'context';
type QueryValues = Readonly<Record<string, string | number | undefined>>;

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with its values already encoded, beginning with a slash. */
  readonly path: string;
  readonly auth: Authorization;
  readonly query?: QueryValues | undefined;
  readonly json?: unknown;
  /** Made anew for every attempt: a body that was sent once is spent. `fail` ends the attempt with an error. */
  readonly form?: (fail: (error: unknown) => void) => FormData;
  readonly idempotencyKey?: string;
  /** Set where a POST changes nothing when it arrives twice. */
  readonly replaySafe?: boolean;
  readonly timeoutMs?: number;
  readonly retries?: number;
  /** A status besides 2xx whose body is the promised one. */
  readonly alsoAccept?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly text: string;
}

export const sleepFor = async (ms: number, signal?: AbortSignal): Promise<void> => {
  await delay(ms, undefined, { ref: true, ...(signal ? { signal } : {}) });
};

/** Joins `path` to a base URL and checks it. Thrown: {@link ClientSettingsError} when it is not an http(s) URL. */
function baseUrl(text: string, setting: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new ClientSettingsError(
      'invalid_url',
      `The ${setting} is not an http:// or https:// address without a password in it, e.g. http://127.0.0.1:9090.`,
    );
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** A key must fit in a header: fetch's own complaint would repeat the key. */
function checkedKey(key: string | undefined, name: string): string | undefined {
  const trimmed = key?.trim();
  if (trimmed !== undefined && !/^[\x21-\x7e]*$/.test(trimmed))
    throw new ClientSettingsError('invalid_key', `The ${name} contains spaces or other characters that no key has.`);
  return trimmed === '' ? undefined : trimmed;
}

/** Sends requests: base URL, bearer key, time limit, retries, errors. Knows no route. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #urls: Readonly<Record<Authorization, string>>;
  readonly #keys: Readonly<Record<'management' | 'context', string | undefined>>;

  constructor(options: TransportOptions) {
    this.#options = options;
    const url = baseUrl(options.url, 'URL');
    const management = options.managementUrl ? baseUrl(options.managementUrl, 'management URL') : url;
    this.#urls = { none: url, context: url, management };
    this.#keys = {
      context: checkedKey(options.apiKey, 'API key'),
      management: checkedKey(options.managementApiKey, 'management API key'),
    };
  }

  /** Clock and pause, for those who poll through this transport. */
  get now(): () => number {
    return this.#options.now;
  }

  get sleep(): TransportOptions['sleep'] {
    return this.#options.sleep;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Sends and parses a JSON answer; undefined for an empty one. */
  async json<T>(request: ApiRequest): Promise<T> {
    const answer = await this.#retrying(request, (response) => this.#complete(response, request));
    if (answer.text === '') return undefined as T;
    try {
      return JSON.parse(answer.text) as T;
    } catch {
      throw new ApiError({
        status: answer.status,
        code: 'unexpected_answer',
        message: `${this.#urls[request.auth]} answered something that is not JSON; is this the address of a Spectra API?`,
      });
    }
  }

  /**
   * Sends, and hands over the answer as it streams in. The time limit ends with the headers; a stream that breaks
   * off fails with a {@link ConnectionError}.
   */
  async stream(request: ApiRequest): Promise<{ headers: Headers; stream: ReadableStream<Uint8Array> }> {
    const response = await this.#retrying(request, async (answer) => {
      if (!answer.ok) await this.#complete(answer, request);
      return answer;
    });
    const bytes = this.#bytes(response, request);
    return { headers: response.headers, stream: NodeStream.from(bytes) as ReadableStream<Uint8Array> };
  }

  async *#bytes({ body }: Response, { auth, signal }: ApiRequest): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (body) yield* body as unknown as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw signal?.aborted ? signal.reason : connectionFailure(this.#urls[auth], error);
    }
  }

  async #retrying<T>(request: ApiRequest, take: (response: Response) => Promise<T>): Promise<T> {
    const replaySafe = request.replaySafe ?? (request.method === 'GET' || request.idempotencyKey !== undefined);
    const retries = replaySafe ? (request.retries ?? this.#options.retries) : 0;
    for (let failures = 1; ; failures++) {
      try {
        return await this.#attempt(request, take);
      } catch (error) {
        const wait = failures > retries ? undefined : retryDelayMs(error, failures);
        if (wait === undefined) throw error;
        await this.#options.sleep(wait, request.signal);
      }
    }
  }

  async #attempt<T>(request: ApiRequest, take: (response: Response) => Promise<T>): Promise<T> {
    const base = this.#urls[request.auth];
    const url = `${base}${request.path}${queryText(request.query)}`;
    const init: RequestInit = {
      method: request.method,
      headers: this.#headers(request),
      // A redirected POST would silently become a GET, so the address has to be right.
      redirect: 'manual',
    };
    const broken = new AbortController();
    if (request.form) {
      init.body = request.form((error) => {
        broken.abort(error);
      });
      // Otherwise fetch keeps a copy of the body for redirects, and so the whole file in memory (seen with 24.21).
      Object.assign(init, { redirect: 'error', window: null });
    } else if (request.json !== undefined) init.body = JSON.stringify(request.json);

    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs;
    const timer = new AbortController();
    const handle = setTimeout(() => {
      timer.abort();
    }, timeoutMs);
    const callers = request.signal ? [request.signal] : [];
    init.signal = AbortSignal.any([...callers, timer.signal, broken.signal]);
    try {
      return await take(await this.#options.fetch(url, init));
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (request.signal?.aborted) throw request.signal.reason;
      if (broken.signal.aborted) throw broken.signal.reason;
      if (timer.signal.aborted) throw timeoutFailure(base, timeoutMs);
      throw error instanceof ConnectionError ? error : connectionFailure(base, error);
    } finally {
      clearTimeout(handle);
    }
  }

  async #complete(response: Response, request: ApiRequest): Promise<Answer> {
    const { status, statusText, headers } = response;
    const answer = { status, statusText, headers, text: await response.text() };
    if (response.ok || status === request.alsoAccept) return answer;
    if (status >= 300 && status < 400)
      throw new ApiError({
        status,
        code: 'redirected',
        message: `${this.#urls[request.auth]} redirects to ${headers.get('location') ?? 'somewhere else'}; use that address.`,
      });
    throw apiErrorFrom({ ...answer, text: this.#withoutKeys(answer.text) }, this.#options.now);
  }

  #headers(request: ApiRequest): Record<string, string> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (request.json !== undefined) headers['content-type'] = 'application/json';
    if (request.idempotencyKey !== undefined) headers['idempotency-key'] = request.idempotencyKey;
    if (request.auth !== 'none') headers.authorization = `Bearer ${this.#key(request.auth)}`;
    return headers;
  }

  #key(auth: 'management' | 'context'): string {
    const key = this.#keys[auth];
    if (key !== undefined) return key;
    throw auth === 'management'
      ? new ClientSettingsError('missing_management_api_key', 'This needs a management API key, and none is set.')
      : new ClientSettingsError('missing_api_key', 'This needs an API key of the Context, and none is set.');
  }

  /** A proxy's error page may repeat the request; the keys must not come back that way. */
  #withoutKeys(text: string): string {
    return Object.values(this.#keys).reduce<string>(
      (result, key) => (key === undefined ? result : result.replaceAll(key, '<key>')),
      text,
    );
  }
}

function queryText(query: QueryValues | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}
