import { open, type FileHandle } from 'node:fs/promises';
import type {
  ChunkPage,
  Document,
  DocumentPage,
  DocumentStatus,
  UploadMetadata,
  UploadResponse,
} from '#libs/contracts/index.js';
import { WaitTimeoutError } from './errors.js';
import { FilePart } from './file-part.js';
import { mediaTypeOf } from './media-types.js';
import type { Transport } from './transport.js';

/** An upload may take the ordinary time limit plus its size at this rate, so that slow links are not cut off. */
const SLOWEST_UPLOAD_BYTES_PER_SECOND = 64 * 1024;
const FIRST_POLL_MS = 150;
const LAST_POLL_MS = 2_000;
const MAX_PAGE_SIZE = 100;

export interface UploadOptions extends UploadMetadata {
  /** Declared media type of the bytes; by default what the file's ending stands for, otherwise the server looks. */
  readonly mediaType?: string;
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  readonly status?: DocumentStatus | undefined;
  readonly mimeType?: string | undefined;
  /** Zero-based. */
  readonly page?: number;
  /** 1 to 100. */
  readonly pageSize?: number;
}

export interface WaitOptions {
  /** Called with the document at the first look and whenever its status has changed. */
  readonly onStatus?: (document: Document) => void;
  readonly signal?: AbortSignal | undefined;
  /** Without it the wait has no end of its own. */
  readonly timeoutMs?: number | undefined;
}

export interface RawDocument {
  readonly stream: ReadableStream<Uint8Array>;
  readonly mediaType: string | undefined;
  readonly sizeBytes: number | undefined;
}

/** Documents of one Context. */
export class DocumentsApi {
  readonly #transport: Transport;
  readonly #base: () => string;

  /** @param base path of the Context's documents; throws when no Context is set */
  constructor(transport: Transport, base: () => string) {
    this.#transport = transport;
    this.#base = base;
  }

  #of(id: string, rest = ''): string {
    return `${this.#base()}/${encodeURIComponent(id)}${rest}`;
  }

  /**
   * Uploads a file as it streams from disk. Tried again like a GET: the service knows documents by their content, so
   * the same bytes twice are one document.
   *
   * Thrown: what opening the file throws (ENOENT, EACCES), before anything is sent; FileChangedError when it
   * grows or shrinks meanwhile.
   */
  async upload(path: string, options: UploadOptions = {}): Promise<UploadResponse> {
    const { mediaType = mediaTypeOf(path) ?? '', signal, ...metadata } = options;
    const sizeBytes = await readableSize(path);
    const fields = Object.entries<unknown>(metadata).filter(([, value]) => value !== undefined && value !== null);
    return this.#transport.json<UploadResponse>({
      method: 'POST',
      path: this.#base(),
      auth: 'context',
      replaySafe: true,
      timeoutMs: this.#transport.timeoutMs + (sizeBytes / SLOWEST_UPLOAD_BYTES_PER_SECOND) * 1000,
      signal,
      form: (fail) => {
        const form = new FormData();
        // The service reads the parts in order and decides on the file by its metadata.
        if (fields.length > 0) form.append('metadata', JSON.stringify(Object.fromEntries(fields)));
        form.append('file', new FilePart(path, sizeBytes, mediaType, fail));
        return form;
      },
    });
  }

  /** One page, newest first. */
  async list(options: ListOptions = {}): Promise<DocumentPage> {
    return this.#transport.json({ method: 'GET', path: this.#base(), auth: 'context', query: { ...options } });
  }

  /** All pages, newest first. Documents that come or go meanwhile may show twice or not at all. */
  async *pages(options: Omit<ListOptions, 'page'> = {}): AsyncGenerator<DocumentPage, void, undefined> {
    for (let page = 0; ; page++) {
      const answer = await this.list({ pageSize: MAX_PAGE_SIZE, ...options, page });
      yield answer;
      if (answer.documents.length === 0 || (page + 1) * answer.pageSize >= answer.total) return;
    }
  }

  async get(id: string): Promise<Document> {
    return this.#transport.json({ method: 'GET', path: this.#of(id), auth: 'context' });
  }

  /** One page of chunks, in the order of the text. */
  async chunks(id: string, options: { page?: number; pageSize?: number } = {}): Promise<ChunkPage> {
    return this.#transport.json({ method: 'GET', path: this.#of(id, '/chunks'), auth: 'context', query: options });
  }

  async *chunkPages(id: string): AsyncGenerator<ChunkPage, void, undefined> {
    for (let page = 0; ; page++) {
      const answer = await this.chunks(id, { page, pageSize: MAX_PAGE_SIZE });
      yield answer;
      if (answer.chunks.length === 0 || (page + 1) * answer.pageSize >= answer.total) return;
    }
  }

  /** The original bytes, as they stream in. */
  async raw(id: string, signal?: AbortSignal): Promise<RawDocument> {
    const request = { method: 'GET', path: this.#of(id, '/raw'), auth: 'context', signal } as const;
    const { headers, stream } = await this.#transport.stream(request);
    const length = headers.get('content-length');
    return {
      stream,
      mediaType: headers.get('content-type') ?? undefined,
      sizeBytes: length === null ? undefined : Number(length),
    };
  }

  async delete(id: string): Promise<void> {
    await this.#transport.json({ method: 'DELETE', path: this.#of(id), auth: 'context' });
  }

  /**
   * Polls until the document is `ready` or `failed`, from every 150 ms at first to every 2 s.
   *
   * Thrown: {@link WaitTimeoutError} after `timeoutMs`; the signal's reason when it is aborted.
   */
  async waitUntilProcessed(id: string, options: WaitOptions = {}): Promise<Document> {
    const { now, sleep } = this.#transport;
    const startedAt = now();
    let seen: DocumentStatus | undefined;
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, LAST_POLL_MS)) {
      options.signal?.throwIfAborted();
      const document = await this.get(id);
      if (document.status !== seen) options.onStatus?.(document);
      seen = document.status;
      if (seen === 'ready' || seen === 'failed') return document;
      const left = (options.timeoutMs ?? Infinity) - (now() - startedAt);
      if (left <= 0) throw new WaitTimeoutError(id, seen, options.timeoutMs ?? 0);
      await sleep(Math.min(pause, left), options.signal);
    }
  }
}

/** Size in bytes; opens the file, so that one that cannot be read is found before anything is sent. */
async function readableSize(path: string): Promise<number> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return (await file.stat()).size;
  } finally {
    await file?.close();
  }
}
