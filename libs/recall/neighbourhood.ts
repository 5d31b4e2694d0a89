import type { Passage } from './passages.js';
import type { FoundPassage, RelatedScores } from './title-links.js';

/**
 * What a turn lends to those around it, by distance, as a share of the signal: a question is often answered by the turn
 * after the one that repeats its words.
 */
const SHARES: readonly number[] = [0, 1, 1 / 3];

/** How many turns away a neighbour may stand. */
export const NEIGHBOUR_REACH = SHARES.length - 1;

/**
 * Lends part of every found turn's score to its neighbours in the session.
 * @param sources found passages, best first
 * @param around passages of the turns around them
 */
export function neighbourhood(sources: readonly FoundPassage[], around: readonly Passage[]): RelatedScores {
  const lent: RelatedScores = { scores: new Map(), via: new Map() };
  const turns = new Map<string, FoundPassage>();
  // A turn of several passages counts once, at its best.
  for (const source of sources) {
    const { sessionId, turnSeq } = source.passage;
    if (sessionId === null || turnSeq === null) continue;
    const turn = `${sessionId} ${turnSeq}`;
    if (!turns.has(turn)) turns.set(turn, source);
  }
  // Turns that stand close have neighbours in common, which were found once for each.
  const neighbours = [...new Map(around.map((passage) => [passage.record, passage])).values()];
  for (const { passage: source, score } of turns.values()) {
    for (const { record, sessionId, turnSeq } of neighbours) {
      if (sessionId !== source.sessionId) continue;
      const share = SHARES[Math.abs((turnSeq ?? 0) - (source.turnSeq ?? 0))] ?? 0;
      if (share === 0) continue;
      if (!lent.via.has(record)) lent.via.set(record, source.record);
      lent.scores.set(record, (lent.scores.get(record) ?? 0) + share * score);
    }
  }
  return lent;
}
