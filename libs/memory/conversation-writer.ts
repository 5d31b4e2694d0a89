import { randomBytes } from 'node:crypto';
import { RecordId } from 'surrealdb';
import { ForbiddenError, newId } from '#libs/contracts/index.js';
import { chunkDocument, extractDocument } from '#libs/documents/index.js';
import type { EmbeddingModel } from '#libs/models/index.js';
import { atomic, type SurrealSession } from '#libs/stores/surreal/index.js';
import { COMPLETE_RESERVATION, type Reservation } from './idempotency-repository.js';

export interface Message {
  readonly role: string;
  readonly content: string;
  /** When it was said, RFC 3339; null for now. */
  readonly observedAt: string | null;
}

export interface AppendRequest {
  /** An existing session, or null for a new one. */
  readonly sessionId: string | null;
  readonly messages: readonly Message[];
  readonly labels: readonly string[];
  readonly memoryCategory: string | null;
  readonly reservation: Reservation | null;
  /** Makes the answer from what was written; kept with the reservation for replays. */
  readonly answer: (written: Written) => Record<string, unknown>;
}

export interface Written {
  readonly sessionId: string;
  readonly turnIds: readonly string[];
  /** The first chunk of each turn; null for a turn without words. */
  readonly chunkIds: readonly (string | null)[];
}

interface Passage {
  readonly turn: number;
  readonly text: string;
  readonly position: number;
  readonly charStart: number;
  readonly charEnd: number;
  readonly tokenCount: number;
}

/** `$session` is a name of SurrealDB's own. Sequence numbers are handed out by the session's own record, so two writers to one session cannot take the same. */
const APPEND = `BEGIN;
IF $create { CREATE $conversation CONTENT { metadata: {}, next_seq: 0, created_at: time::now() } };
LET $updated = (UPDATE $conversation SET next_seq += $count RETURN BEFORE);
IF array::len($updated) = 0 { THROW 'no such session' };
LET $first = $updated[0].next_seq;
FOR $turn IN $turns {
  CREATE $turn.id CONTENT { session: $conversation, role: $turn.role, content: $turn.content, seq: $first + $turn.offset,
    observed_at: $turn.observed_at, created_at: time::now() };
};
INSERT INTO memory_chunk $chunks.map(|$chunk| object::extend($chunk, { turn_seq: $first + $chunk.turn_seq })) RETURN NONE;
INSERT INTO memory_vector $vectors RETURN NONE;
${COMPLETE_RESERVATION}
COMMIT;`;

async function split(messages: readonly Message[]): Promise<Passage[]> {
  const passages: Passage[] = [];
  for (const [turn, message] of messages.entries()) {
    if (!message.content.trim()) continue;
    const extracted = await extractDocument(Buffer.from(message.content, 'utf8'), 'text/plain');
    for (const chunk of chunkDocument(extracted)) passages.push({ turn, ...chunk });
  }
  return passages;
}

/** Writes literal conversation into a Context: a session, its turns and their passages in one transaction. */
export class ConversationWriter {
  constructor(
    private readonly session: SurrealSession,
    private readonly embeddings: EmbeddingModel,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws ForbiddenError when the session does not exist (the same answer as for one out of reach). */
  async append(request: AppendRequest): Promise<Record<string, unknown>> {
    const passages = await split(request.messages);
    const vectors = await this.embeddings.embed(passages.map((passage) => passage.text));
    const sessionId = request.sessionId ?? this.#id();
    const turnIds = request.messages.map(() => this.#id());
    const chunkIds = passages.map(() => this.#id());
    const written: Written = {
      sessionId,
      turnIds,
      chunkIds: turnIds.map((_id, turn) => chunkIds[passages.findIndex((passage) => passage.turn === turn)] ?? null),
    };
    const answer = request.answer(written);
    const session = new RecordId('session', sessionId);
    const instant = (value: string | null): Date | undefined => (value === null ? undefined : new Date(value));
    const now = new Date(this.now());
    try {
      await atomic(this.session, APPEND, {
        conversation: session,
        create: request.sessionId === null,
        count: request.messages.length,
        turns: request.messages.map((message, offset) => ({
          id: new RecordId('turn', turnIds[offset] ?? ''),
          role: message.role,
          content: message.content,
          observed_at: instant(message.observedAt),
          offset,
        })),
        chunks: passages.map((passage, index) => ({
          id: new RecordId('memory_chunk', chunkIds[index] ?? ''),
          session,
          turn: new RecordId('turn', turnIds[passage.turn] ?? ''),
          turn_seq: passage.turn,
          role: request.messages[passage.turn]?.role,
          text: passage.text,
          position: passage.position,
          char_start: passage.charStart,
          char_end: passage.charEnd,
          token_count: passage.tokenCount,
          memory_category: request.memoryCategory ?? undefined,
          labels: request.labels,
          observed_at: instant(request.messages[passage.turn]?.observedAt ?? null),
          created_at: now,
        })),
        vectors: passages.map((_passage, index) => ({
          id: new RecordId('memory_vector', chunkIds[index] ?? ''),
          embedding: vectors[index],
          embedding_model_id: this.embeddings.id,
          labels: request.labels,
          created_at: now,
        })),
        reservation: request.reservation?.record,
        owner: request.reservation?.owner,
        response: answer,
      });
    } catch (error) {
      if (error instanceof Error && error.message.includes('no such session')) {
        throw new ForbiddenError(
          `You cannot write to the session ${sessionId}. Leave session_id out to begin a new one.`,
          'session_not_writable',
        );
      }
      throw error;
    }
    return answer;
  }

  #id(): string {
    return newId(this.now(), randomBytes(10));
  }
}
