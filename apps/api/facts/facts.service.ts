import { createHash, randomUUID } from 'node:crypto';
import type { Caller } from '#libs/access/index.js';
import {
  NotImplementedError,
  ValidationError,
  type FactsBatchRequest,
  type FactsBatchResponse,
  type FactsRequest,
  type FactsResponse,
} from '#libs/contracts/index.js';
import { ConversationWriter, IdempotencyRepository, type AppendRequest, type Reservation } from '#libs/memory/index.js';
import type { EmbeddingModel } from '#libs/models/index.js';
import type { SurrealServer } from '#libs/stores/surreal/index.js';

function requireLiteral(infer: string): void {
  if (infer === 'none') return;
  throw new NotImplementedError(
    `infer "${infer}" is not part of this version; send "infer": "none" to store the text as it is.`,
  );
}

import { refuseScopes } from '../http/refuse-scopes.js';

/** Remembers literal text: one message or a conversation, each at most once per Idempotency-Key. */
export class FactsService {
  constructor(
    private readonly server: SurrealServer,
    private readonly embeddings: EmbeddingModel,
  ) {}

  async add(caller: Caller, request: FactsRequest, key: string | undefined): Promise<FactsResponse> {
    requireLiteral(request.infer);
    refuseScopes('scopes', request.scopes);
    const text = request.text?.trim() ? request.text : null;
    if (text === null)
      throw new ValidationError('`text` is missing or empty; there is nothing to remember.', [
        { path: 'text', message: 'is required' },
      ]);
    return (await this.#once(caller, key, ['facts', request], {
      sessionId: request.session_id ?? null,
      messages: [{ role: request.role ?? 'user', content: text, observedAt: request.observed_at ?? null }],
      labels: request.labels ?? [],
      memoryCategory: request.memory_category ?? null,
      answer: ({ sessionId, turnIds, chunkIds }) => ({
        mode: 'none',
        sessionId,
        turnId: turnIds[0],
        chunkId: chunkIds[0] ?? undefined,
        extraction: null,
      }),
    })) as FactsResponse;
  }

  async addMany(caller: Caller, request: FactsBatchRequest, key: string | undefined): Promise<FactsBatchResponse> {
    requireLiteral(request.infer);
    refuseScopes('scopes', request.scopes);
    return (await this.#once(caller, key, ['facts/batch', request], {
      sessionId: request.session_id ?? null,
      messages: request.messages.map((message) => ({
        role: message.role,
        content: message.content,
        observedAt: message.ts ?? null,
      })),
      labels: request.labels ?? [],
      memoryCategory: null,
      answer: ({ sessionId, turnIds }) => ({ sessionId, turnIds: [...turnIds], extractions: [] }),
    })) as FactsBatchResponse;
  }

  async #once(
    caller: Caller,
    key: string | undefined,
    request: readonly unknown[],
    append: Omit<AppendRequest, 'reservation'>,
  ): Promise<unknown> {
    const session = await this.server.session(caller.context.ref);
    const idempotency = new IdempotencyRepository(session);
    let reservation: Reservation | null = null;
    if (key !== undefined) {
      const hash = createHash('sha256').update(JSON.stringify(request)).digest('hex');
      const begun = await idempotency.begin(caller.principalId, key, hash, randomUUID());
      if (begun.kind === 'replay') return begun.response;
      reservation = begun.reservation;
    }
    try {
      return await new ConversationWriter(session, this.embeddings).append({ ...append, reservation });
    } catch (error) {
      if (reservation) await idempotency.release(reservation).catch(() => undefined);
      throw error;
    }
  }
}
