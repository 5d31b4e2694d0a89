import { RecordId } from 'surrealdb';
import { query, type SurrealSession } from '#libs/stores/surreal/index.js';
import { SAME_TITLE_LIMIT } from './candidates.js';
import { filterConditions, filterParameters, type PassageFilter } from './passage-filter.js';
import { PASSAGE_COLUMNS, type Passage } from './passages.js';

/** A turn of a conversation, by its place. */
export interface TurnPlace {
  readonly sessionId: string;
  readonly turnSeq: number;
}

export interface SurroundingsRequest {
  /** Keys of names that were mentioned. */
  readonly names: readonly string[];
  readonly turns: readonly TurnPlace[];
  /** How far before and after a turn its neighbours stand. */
  readonly reach: number;
  readonly filter: PassageFilter;
}

export interface Surroundings {
  /** First passages of the documents that bear a mentioned name as their title. */
  readonly titled: ReadonlyMap<string, readonly Passage[]>;
  /** Passages of the turns around those asked for, and of these themselves. */
  readonly neighbours: readonly Passage[];
}

interface Answer {
  titled: { name: string; passages: Passage[] }[];
  neighbours: Passage[];
}

/** Finds what stands around passages: documents that they name, turns before and after. One round trip. */
export async function findSurroundings(session: SurrealSession, request: SurroundingsRequest): Promise<Surroundings> {
  if (request.names.length + request.turns.length === 0) return { titled: new Map(), neighbours: [] };
  const results = await query<unknown[]>(
    session,
    `LET $titled = $names.map(|$name| { name: $name, passages:
        (SELECT ${PASSAGE_COLUMNS} FROM knowledge_chunk WHERE title_key = $name${filterConditions('knowledge_chunk', request.filter)}
          LIMIT ${SAME_TITLE_LIMIT}) }).filter(|$found| array::len($found.passages) > 0);
     LET $neighbours = array::flatten($turns.map(|$turn|
        (SELECT ${PASSAGE_COLUMNS} FROM memory_chunk WHERE session = $turn.session AND turn_seq >= $turn.first AND turn_seq <= $turn.last
          ${filterConditions('memory_chunk', request.filter)})));
     RETURN { titled: $titled, neighbours: $neighbours };`,
    {
      names: request.names,
      turns: request.turns.map(({ sessionId, turnSeq }) => ({
        session: new RecordId('session', sessionId),
        first: turnSeq - request.reach,
        last: turnSeq + request.reach,
      })),
      ...filterParameters(request.filter),
    },
  );
  const answer = results.at(-1) as Answer;
  return {
    titled: new Map(answer.titled.map(({ name, passages }) => [name, passages])),
    neighbours: answer.neighbours,
  };
}
