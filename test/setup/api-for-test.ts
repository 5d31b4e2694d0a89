import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flags } from '#libs/config/index.js';
import { documentSchema, uploadResponseSchema, type Document, type UploadResponse } from '#libs/contracts/index.js';
import { startRoles } from '../../apps/spectrad/roles/running-roles.js';
import type { Services } from '../../apps/spectrad/services.js';
import { multipart, type Part } from './multipart-for-test.js';
import { testContext, testServices } from './services-for-test.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body of a JSON answer, else `{}`. */
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  /** null sends no key; the default is the Context's key, or the management key outside of a Context. */
  readonly key?: string | null;
  readonly json?: unknown;
  readonly parts?: readonly Part[];
  readonly raw?: string | Buffer<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface UploadOptions {
  readonly type?: string;
  readonly filename?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Asks until the answer is there. Thrown after `timeoutMs`, naming what was waited for. */
export async function until<T>(what: string, ask: () => Promise<T | null | undefined>, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(25);
  }
}

/** An API that listens on a port of its own over the real engines, with one Context. */
export class TestApi {
  private constructor(
    readonly url: string,
    readonly services: Services,
    readonly contextId: string,
    readonly key: string,
    readonly managementKey: string,
    readonly stop: () => Promise<void>,
  ) {}

  /** @param options.worker also runs the relay and the Temporal workers; once per test file, as Temporal's runtime is. */
  static async start(options: { readonly flags?: Flags; readonly worker?: boolean } = {}): Promise<TestApi> {
    const base = await testServices(options.flags);
    const { services } = base;
    try {
      const context = await testContext(services);
      const roles = await startRoles(services, {
        roles: options.worker ? ['api', 'worker'] : ['api'],
        bind: { host: '127.0.0.1', port: 0 },
        signal: new AbortController().signal,
      });
      const stop = async (): Promise<void> => {
        await roles.stop();
        await base.close();
      };
      return new TestApi(roles.apiUrl ?? '', services, context.contextId, context.key, context.managementKey, stop);
    } catch (error) {
      await base.close();
      throw error;
    }
  }

  /** `/documents` and the like are below the Context; what begins with `/api/` or is marked absolute is taken as it is. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const form = options.parts ? multipart(options.parts) : null;
    const key = options.key === undefined ? this.#keyOf(path) : options.key;
    const body = form?.body ?? (options.json === undefined ? options.raw : JSON.stringify(options.json));
    const response = await fetch(new URL(path, this.url), {
      method: method.toUpperCase(),
      ...(body === undefined ? {} : { body }),
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...form?.headers,
        ...options.headers,
      },
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: json ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  }

  /** A call below the Context of this API. */
  here(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call(method, `/api/v1/${this.contextId}${path}`, options);
  }

  /** Uploads and reads the answer as the contract has it. Thrown when it was not accepted. */
  async upload(content: string | Uint8Array, options: UploadOptions = {}): Promise<UploadResponse> {
    const answer = await this.here('post', '/documents', { parts: uploadParts(content, options) });
    if (answer.status !== 202) throw new Error(`upload answered ${answer.status}: ${answer.text}`);
    return uploadResponseSchema.strict().parse(answer.body);
  }

  async document(id: string): Promise<Document> {
    return documentSchema.strict().parse((await this.here('get', `/documents/${id}`)).body);
  }

  /** Waits until the pipeline has reached its verdict. */
  processed(id: string): Promise<Document> {
    return until(`document ${id} to be processed`, async () => {
      const document = await this.document(id);
      return document.status === 'ready' || document.status === 'failed' ? document : null;
    });
  }

  /** Every file in the object store, as keys; half-written ones included. */
  async objectKeys(): Promise<string[]> {
    const root = fileURLToPath(this.services.settings.SPECTRA_OBJECT_STORE_URL ?? '');
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .sort();
  }

  #keyOf(path: string): string {
    return /^\/api\/v1\/contexts(\/|$|\?)/.test(path) ? this.managementKey : this.key;
  }
}

/** Parts of an upload as the official clients order them: `metadata` first, without a media type, left out when empty. */
export function uploadParts(content: string | Uint8Array, options: UploadOptions = {}): Part[] {
  const { metadata, filename, type } = options;
  return [
    ...(metadata ? [{ name: 'metadata', content: JSON.stringify(metadata) }] : []),
    { name: 'file', content, filename: filename ?? 'note.txt', type: type ?? 'text/plain' },
  ];
}
