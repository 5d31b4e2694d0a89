import { randomBytes } from 'node:crypto';
import type { Caller } from '#libs/access/index.js';
import {
  newId,
  NotImplementedError,
  type DocumentHit,
  type MemoryHit,
  type QueryDocumentsRequest,
  type QueryDocumentsResponse,
  type QueryMemoryRequest,
  type QueryMemoryResponse,
} from '#libs/contracts/index.js';
import type { RecallContext, RecallHit, RecallMode, RecallRouter } from '#libs/recall/index.js';
import type { SurrealServer } from '#libs/stores/surreal/index.js';
import { refuseScopes } from '../http/refuse-scopes.js';

function requireMode(mode: string | null | undefined): RecallMode {
  if (mode === 'graph' || mode === 'hybrid_graph') {
    throw new NotImplementedError(`mode "${mode}" is not part of this version; use hybrid, bm25 or vector.`);
  }
  return (mode as RecallMode | null | undefined) ?? 'hybrid';
}

function refuseLocation(location: unknown): void {
  if (location != null) throw new NotImplementedError('`location` is not part of this version; leave it out.');
}

function toMemoryHit({ passage, score, explain }: RecallHit, explained: boolean): MemoryHit {
  const { document } = passage;
  return {
    id: passage.id,
    text: passage.text,
    source: document ? 'chunk' : 'memory_chunk',
    score,
    occurredAt: passage.occurredAt,
    resource: document
      ? { kind: 'document', documentId: document.id, position: passage.position }
      : { kind: 'session', sessionId: passage.sessionId ?? '', turnId: passage.turnId },
    title: document?.title ?? null,
    section: passage.section,
    page: passage.page,
    ...(explained ? { explain } : {}),
  };
}

function toDocumentHit({ passage, score, explain }: RecallHit, explained: boolean): DocumentHit[] {
  const { document } = passage;
  if (!document) return [];
  const { id, text, position, section, page, charStart, charEnd } = passage;
  return [
    {
      chunk: { id, document: document.id, text, position, section, page, charStart, charEnd },
      document,
      score,
      ...(explained ? { explain } : {}),
    },
  ];
}

/** Answers questions from the Context's memory. */
export class RecallService {
  constructor(
    private readonly server: SurrealServer,
    private readonly router: RecallRouter,
    private readonly maxK: number,
  ) {}

  async memory(caller: Caller, request: QueryMemoryRequest): Promise<QueryMemoryResponse> {
    const began = performance.now();
    refuseScopes('lens', request.lens);
    refuseLocation(request.location);
    const mode = requireMode(request.mode);
    const passages = request.include?.includes('passages') ?? true;
    const result = passages
      ? await this.router.recall(await this.#context(caller), {
          question: request.query,
          mode,
          k: Math.min(request.k, this.maxK),
          includeMemory: true,
          filter: { labels: request.labels ?? null },
        })
      : { hits: [], retrieved: 0 };
    const ms = Math.round(performance.now() - began);
    return {
      tier: 'hybrid',
      hits: result.hits.map((hit) => toMemoryHit(hit, request.explain)),
      queryMs: ms,
      trace: {
        traceId: newId(Date.now(), randomBytes(10)),
        resolutionTier: 'hybrid',
        tierReason: `fused retrieval (${mode})`,
        latencyMs: ms,
        retrievedCount: result.retrieved,
        topScores: result.hits.slice(0, 5).map((hit) => hit.score),
      },
      classificationKind: 'hybrid',
      seedEntities: [],
      contextHits: [],
    };
  }

  async documents(caller: Caller, request: QueryDocumentsRequest): Promise<QueryDocumentsResponse> {
    const began = performance.now();
    refuseScopes('lens', request.lens);
    refuseLocation(request.location);
    const result = await this.router.recall(await this.#context(caller), {
      question: request.query,
      mode: requireMode(request.mode),
      k: Math.min(request.k, this.maxK),
      includeMemory: false,
      filter: { documentIds: request.filter?.documentIds ?? null, mimeTypes: request.filter?.mimeType ?? null },
      threshold: request.threshold ?? null,
      vectorWeight: request.vectorWeight ?? null,
      rrfK: request.rrfK ?? null,
    });
    return {
      results: result.hits.flatMap((hit) => toDocumentHit(hit, request.explain)),
      queryMs: Math.round(performance.now() - began),
    };
  }

  async #context(caller: Caller): Promise<RecallContext> {
    return { id: caller.context.id, session: await this.server.session(caller.context.ref) };
  }
}
