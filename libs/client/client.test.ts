import { describe, expect, it } from '@jest/globals';
import {
  factsBatchRequestSchema,
  factsRequestSchema,
  operations,
  queryDocumentsRequestSchema,
  queryMemoryRequestSchema,
  type Operation,
} from '#libs/contracts/index.js';
import { ApiError } from './index.js';
import { scriptedServer, type ReceivedRequest } from './testing/scripted-server.js';
import { clientFor, failureOf, KEY, MANAGEMENT_KEY } from './testing/test-client.js';

describe('health', () => {
  const body = { status: 'unavailable', version: '1', generation: 1, wiring: { outbox: { state: 'unwired' } } };

  it('takes "unavailable" for an answer and asks once', async () => {
    await using server = await scriptedServer([{ status: 503, json: body }]);
    expect(await clientFor(server.url).client.health()).toEqual(body);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('takes a 503 of somebody else for an error', async () => {
    await using server = await scriptedServer([
      { status: 503, text: 'no backend' },
      { status: 503, json: {} },
    ]);
    expect(await failureOf(clientFor(server.url).client.health())).toBeInstanceOf(ApiError);
    expect(await failureOf(clientFor(server.url).client.health())).toMatchObject({ status: 503 });
  });
});

/** The operation of the contracts that a request belongs to. */
function operationOf({ method, path }: ReceivedRequest): Operation | undefined {
  const matching = Object.values<Operation>(operations).filter((operation) => {
    const pattern = operation.path.replace(/\{\w+\}/g, '[^/]+');
    return operation.method.toUpperCase() === method && new RegExp(`^${pattern}$`).test(path);
  });
  // A fixed path wins over a template, e.g. documents/query over documents/{documentId}.
  return matching.sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
}

describe('the REST surface', () => {
  it('calls every operation as the contracts have it, with the key that it needs', async () => {
    await using server = await scriptedServer([
      { json: { contexts: [], documents: [], chunks: [], wiring: {}, page: 0, pageSize: 1, total: 0 } },
    ]);
    const { client } = clientFor(`${server.url}/`);
    const id = '01k9zq3v8r6p2m4n7t5w1x0y9b';
    const calls: [keyof typeof operations, () => Promise<unknown>][] = [
      ['health', () => client.health()],
      ['version', () => client.version()],
      ['listContexts', () => client.contexts.list()],
      ['createContext', () => client.contexts.create('a', { namespace: 'n', database: 'd' })],
      ['getContext', () => client.contexts.get('a')],
      ['deleteContext', () => client.contexts.delete('a')],
      ['mintPrincipalKey', () => client.keys.mint('admin', 'ci', { ttlSeconds: 60 })],
      ['listPrincipalKeys', () => client.keys.list('admin')],
      ['deletePrincipalKey', () => client.keys.delete('admin', 'ci')],
      ['listContextKeys', () => client.keys.listAll()],
      ['deleteContextKey', () => client.keys.deleteByName('ci')],
      ['listDocuments', () => client.documents.list({ status: 'ready', page: 2, pageSize: 10 })],
      ['getDocument', () => client.documents.get(id)],
      ['listChunks', () => client.documents.chunks(id, { page: 1 })],
      ['getDocumentBytes', () => client.documents.raw(id).then(({ stream }) => stream.cancel())],
      ['deleteDocument', () => client.documents.delete(id)],
      ['queryDocuments', () => client.queryDocuments({ query: 'q', mode: 'bm25', k: 3, explain: true })],
      ['query', () => client.query({ query: 'q', mode: 'vector' })],
      ['addFact', () => client.addFact({ text: 'a', infer: 'none', session_id: 's' })],
      ['addFacts', () => client.addFacts({ messages: [{ role: 'user', content: 'a' }], infer: 'none' })],
    ];
    const keys = { none: undefined, context: `Bearer ${KEY}`, management: `Bearer ${MANAGEMENT_KEY}` };
    const covered = calls.map(([name]) => name);
    for (const [index, [name, call]] of calls.entries()) {
      await call();
      const request = server.requests[index];
      if (!request) throw new Error(`${name} sent nothing`);
      const operation = operationOf(request);
      expect(operation?.id).toBe(name);
      if (!operation) continue;
      expect(request.headers.authorization).toBe(keys[operation.auth]);
      operation.query?.strict().parse(Object.fromEntries(request.query));
      if (operation.body) operation.body.parse(JSON.parse(request.body.toString()));
    }
    // The rest of the surface: uploads have a test of their own; probes and a caller's own keys are not the client's.
    const others = Object.keys(operations).filter((name) => !covered.includes(name as keyof typeof operations));
    expect(others.sort()).toEqual([
      'deleteKey',
      'listKeys',
      'live',
      'mintKey',
      'ready',
      'serviceHealth',
      'uploadDocument',
    ]);
  });

  it('sends bodies that the schemas of the contracts accept unchanged', async () => {
    await using server = await scriptedServer([{ json: {} }]);
    const { client } = clientFor(server.url);
    await client.query({ query: 'q', k: 3, mode: 'bm25', labels: ['a=b'], explain: true });
    await client.queryDocuments({ query: 'q', filter: { mimeType: ['text/plain'] } });
    await client.addFact({ text: 'a', infer: 'none', role: 'user' });
    await client.addFacts({
      messages: [{ role: 'user', content: 'a', ts: '2026-11-21T12:00:00Z' }],
      extract: 'per_message',
    });
    const bodies = server.requests.map(({ body }): unknown => JSON.parse(body.toString()));
    const schemas = [
      queryMemoryRequestSchema,
      queryDocumentsRequestSchema,
      factsRequestSchema,
      factsBatchRequestSchema,
    ];
    for (const [index, schema] of schemas.entries())
      expect(schema.strict().parse(bodies[index])).toMatchObject(bodies[index] as object);
  });

  it('sends management calls to their own address when there is one', async () => {
    await using server = await scriptedServer([{ json: {} }]);
    await using management = await scriptedServer([{ json: { contexts: [] } }]);
    const { client } = clientFor(server.url, { managementUrl: management.url });
    await client.contexts.list();
    await client.documents.get('a');
    expect(management.requests.map(({ path }) => path)).toEqual(['/api/v1/contexts']);
    expect(server.requests.map(({ path }) => path)).toEqual(['/api/v1/demo/documents/a']);
  });

  it('keeps values with slashes inside their place in the path', async () => {
    await using server = await scriptedServer([{ json: {} }]);
    const { client } = clientFor(server.url, { contextId: '../x' });
    await client.documents.get('../../y?z');
    expect(server.requests[0]?.path).toBe('/api/v1/..%2Fx/documents/..%2F..%2Fy%3Fz');
  });
});
