import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { blake3 } from 'hash-wasm';
import { newId, operations, type Document, type DocumentStatus, type Operation } from '#libs/contracts/index.js';
import { answersOf, type StoredDocument } from './wire-answers.js';
import type { WireCall } from './wire-call.js';

export const API_KEY = 'sp-ctx-s3cr3t';
export const MANAGEMENT_KEY = 'sp-mgmt-s3cr3t';

export interface WireService extends AsyncDisposable {
  readonly url: string;
  readonly calls: WireCall[];
  readonly documents: StoredDocument[];
  /** Answers that operations give instead of their own, by operation id. */
  readonly overrides: Map<string, { status: number; json: unknown }>;
  /** Statuses that a document goes through, one for each look at it, by file name. */
  statusesOf: (filename: string) => readonly DocumentStatus[];
}

const problem = (status: number, code: string, message: string): { status: number; json: object } => ({
  status,
  json: {
    type: `urn:spectra:problem:${code}`,
    title: code,
    status,
    detail: message,
    message,
    code,
    requestId: 'req-7',
    retryable: false,
  },
});

interface Matched {
  readonly operation: Operation;
  readonly params: Record<string, string>;
}

function matchOperation(method: string, path: string): Matched | undefined {
  const candidates = Object.values<Operation>(operations)
    .filter((operation) => operation.method.toUpperCase() === method)
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length);
  for (const operation of candidates) {
    const pattern = operation.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const found = new RegExp(`^${pattern}$`).exec(path);
    if (found)
      return {
        operation,
        params: Object.fromEntries(Object.entries(found.groups ?? {}).map(([k, v]) => [k, decodeURIComponent(v)])),
      };
  }
  return undefined;
}

async function uploadOf(type: string, body: Buffer): Promise<NonNullable<WireCall['upload']>> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  const names = [...form.keys()];
  if (names.join() !== 'file' && names.join() !== 'metadata,file') throw new Error(`parts came as ${names.join()}`);
  const file = form.get('file');
  if (!(file instanceof File)) throw new Error('no file');
  const metadata = form.get('metadata');
  const json: unknown = typeof metadata === 'string' ? JSON.parse(metadata) : {};
  return { metadata: operations.uploadDocument.multipart.strict().parse(json), file, bytes: await file.bytes() };
}

/** The request as the contracts have it. Thrown: ZodError, which the test then sees as an answer of 400. */
async function callOf(
  { operation, params }: Matched,
  url: URL,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<WireCall> {
  const query = operation.query?.strict().parse(Object.fromEntries(url.searchParams)) ?? {};
  const parsed = {
    id: operation.id,
    params: (operation.params?.parse(params) ?? {}) as Record<string, string>,
    query,
    body: operation.body ? operation.body.parse(JSON.parse(body.toString())) : undefined,
  };
  if (!operation.multipart) return parsed;
  return { ...parsed, upload: await uploadOf(incoming.headers['content-type'] ?? '', body) };
}

function isAllowed({ operation, params }: Matched, authorization: string | undefined): boolean {
  if (operation.auth === 'none') return true;
  if (operation.auth === 'management') return authorization === `Bearer ${MANAGEMENT_KEY}`;
  return authorization === `Bearer ${API_KEY}` && params.contextId === 'demo';
}

function send(response: ServerResponse, status: number, json: unknown): void {
  if (json instanceof Uint8Array) response.writeHead(status, { 'content-type': 'application/pdf' }).end(json);
  else if (json === undefined) response.writeHead(status).end();
  else
    response
      .writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
      .end(JSON.stringify(json));
}

/**
 * A loopback server that speaks the wire format of libs/contracts: what it receives and what it answers goes through
 * the schemas. It keeps documents in memory and moves each one status further whenever it is looked at.
 */
export async function wireService(): Promise<WireService> {
  const calls: WireCall[] = [];
  const documents: StoredDocument[] = [];
  const overrides: WireService['overrides'] = new Map();
  let made = 0;

  const service = {
    calls,
    documents,
    overrides,
    statusesOf: (filename: string): readonly DocumentStatus[] =>
      filename.includes('broken') ? ['queued', 'failed'] : ['queued', 'embedding', 'ready'],
  };
  const store = async ({ file, metadata, bytes }: NonNullable<WireCall['upload']>): Promise<object> => {
    const contentHash = `blake3:${await blake3(bytes)}`;
    const there = documents.find((one) => one.document.contentHash === contentHash);
    if (there) return { id: there.document.id, status: there.document.status, contentHash, deduplicated: true };
    const { title } = metadata as { title?: string };
    const [status = 'queued', ...ahead] = service.statusesOf(file.name);
    const at = '2026-11-21T12:00:00.000Z';
    const id = newId(1_763_726_400_000 + made++, new Uint8Array(10));
    const document: Document = {
      id,
      status,
      contentHash,
      title: title ?? file.name,
      source: file.name,
      mimeType: file.type,
      sizeBytes: bytes.length,
      error: null,
      version: 1,
      labels: [],
      chunkCount: null,
      pageCount: null,
      observedAt: null,
      createdAt: at,
      updatedAt: at,
      processingStartedAt: null,
      processingCompletedAt: null,
    };
    documents.unshift({ document, bytes, ahead: [...ahead] });
    return { id, status, contentHash, deduplicated: false };
  };

  const answer = async (incoming: IncomingMessage, body: Buffer): Promise<{ status: number; json: unknown }> => {
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const matched = matchOperation(incoming.method ?? '', url.pathname);
    if (!matched) return problem(404, 'no_route', 'No such route.');
    const { operation } = matched;
    if (!isAllowed(matched, incoming.headers.authorization))
      return problem(401, 'unauthorized', 'This key is not valid.');
    let call: WireCall;
    try {
      call = await callOf(matched, url, incoming, body);
    } catch (error) {
      return problem(400, 'validation_error', String(error));
    }
    calls.push(call);
    const override = overrides.get(operation.id);
    if (override) return override;
    const json = call.upload ? await store(call.upload) : answersOf(call, documents);
    if (json === null) return problem(404, 'not_found', 'There is no such document.');
    operation.success.body?.parse(json);
    return { status: operation.success.status, json };
  };
  const server = createServer((incoming, response) => {
    const receive = async (): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const { status, json } = await answer(incoming, Buffer.concat(chunks));
      send(response, status, json);
    };
    receive().catch((error: unknown) => {
      const { status, json } = problem(500, 'test_service', String(error));
      send(response, status, json);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(service, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
