import type { Document, DocumentStatus } from '#libs/contracts/index.js';
import type { WireCall } from './wire-call.js';

export interface StoredDocument {
  document: Document;
  readonly bytes: Uint8Array;
  readonly ahead: DocumentStatus[];
}

const AT = '2026-11-21T12:00:00.000Z';
const CHUNK_ID = '01k9zq3v8r6p2m4n7t5w1x0y9b';

const context = (id: string): object => ({
  id,
  namespace: 'contexts',
  database: id,
  description: 'A test',
  config: {},
  embedding: { model: 'local', dimensions: 384 },
  created_at: AT,
});

const key = {
  id: 'k1',
  name: 'ci',
  principalId: 'admin',
  createdAt: AT,
  lastUsedAt: null,
  validUntil: null,
  grants: null,
};

const explain = {
  signals: [{ signal: 'bm25', rank: 1, raw: 12.5, normalised: 1, weight: 0.6, contribution: 0.6 }],
};
// The passage tries to talk to the terminal.
const PASSAGE = `Access is approved by the \u001b[31mowner\u001b[0m of the system.\n${'word '.repeat(60)}`;

const trace = {
  traceId: 't',
  resolutionTier: 'hybrid',
  tierReason: '',
  latencyMs: 1,
  retrievedCount: 1,
  topScores: [0.9],
};

function advance(stored: StoredDocument): Document {
  const { document } = stored;
  const status = stored.ahead.shift() ?? document.status;
  stored.document = {
    ...document,
    status,
    error: status === 'failed' ? 'This PDF has no text.' : null,
    chunkCount: status === 'ready' ? 2 : null,
  };
  return document;
}

function page(items: readonly unknown[], name: string, { query }: WireCall): object {
  const { page: number, pageSize } = query as { page: number; pageSize: number };
  return {
    [name]: items.slice(number * pageSize, (number + 1) * pageSize),
    page: number,
    pageSize,
    total: items.length,
  };
}

/** What the service answers to everything but uploads; null where there is no such document. */
export function answersOf(call: WireCall, documents: StoredDocument[]): unknown {
  const { contextId = '', documentId } = call.params;
  const stored = documents.find(({ document }) => document.id === documentId);
  if (documentId !== undefined && !stored) return null;
  const body = call.body as { k: number; explain: boolean; session_id?: string } | undefined;
  const why = body?.explain ? { explain } : {};
  switch (call.id) {
    case 'health':
      return {
        status: 'degraded',
        version: '0.1.0',
        commit_sha: 'abc',
        generation: 1,
        environment: 'development',
        wiring: { outbox: { state: 'wired' }, model: { state: 'degraded', detail: 'local only' } },
      };
    case 'listContexts':
      return { contexts: [context('demo')] };
    case 'createContext':
    case 'getContext':
      return context(contextId);
    case 'mintPrincipalKey':
      return { key: 'sp-new-shown1time', id: 'k2', validUntil: call.query.ttlSeconds === undefined ? null : AT };
    case 'listContextKeys':
    case 'listPrincipalKeys':
      return [key];
    case 'listDocuments': {
      const { status } = call.query as { status?: string };
      const all = documents.map(({ document }) => document);
      return page(status === undefined ? all : all.filter((one) => one.status === status), 'documents', call);
    }
    case 'getDocument':
      return stored && advance(stored);
    case 'getDocumentBytes':
      return stored?.bytes;
    case 'listChunks': {
      const chunk = {
        id: CHUNK_ID,
        document: documentId,
        text: PASSAGE,
        section: 'Roles > Owner',
        page: 3,
        charStart: 0,
        charEnd: 9,
        tokenCount: null,
      };
      return page(
        [
          { ...chunk, position: 0 },
          { ...chunk, position: 1 },
        ],
        'chunks',
        call,
      );
    }
    case 'deleteDocument':
      documents.splice(
        documents.findIndex((one) => one === stored),
        1,
      );
      return undefined;
    case 'query': {
      const hit = {
        id: CHUNK_ID,
        text: PASSAGE,
        source: 'chunk',
        score: 0.91234,
        title: 'The playbook',
        section: 'Roles > Owner',
        page: 3,
        ...why,
      };
      const fact = { id: 'f1', text: 'The audit is due.', source: 'memory_chunk', score: 0.5 };
      return {
        tier: 'hybrid',
        hits: [hit, fact].slice(0, body?.k),
        queryMs: 4,
        trace,
        classificationKind: 'hybrid',
        seedEntities: [],
        contextHits: [],
      };
    }
    case 'queryDocuments': {
      const chunk = {
        id: CHUNK_ID,
        document: CHUNK_ID,
        text: PASSAGE,
        position: 0,
        section: null,
        page: null,
        charStart: 0,
        charEnd: 9,
      };
      return {
        results: [{ chunk, document: { id: CHUNK_ID, title: 'The playbook', source: 's' }, score: 0.9, ...why }],
        queryMs: 4,
      };
    }
    case 'addFact':
      return { mode: 'none', sessionId: body?.session_id ?? 'new-session', chunkId: CHUNK_ID };
    default:
      return undefined;
  }
}
