import { nameKeys, titleKey } from '#libs/names/index.js';
import type { Passage } from './passages.js';

/** A passage that other signals have found, with its fused score, 0..1. */
export interface FoundPassage {
  readonly passage: Passage;
  readonly score: number;
}

/** Scores by record id, and the passage that each comes from. */
export interface RelatedScores {
  readonly scores: Map<string, number>;
  readonly via: Map<string, string>;
}

/** Names looked for in one passage. A chunk of 512 tokens has about 150; looking one up takes some 50 us. */
const NAMES_PER_PASSAGE = 96;

/** Keys of the names that a passage mentions, without that of its own document. */
export function mentionedNames(passage: Passage): string[] {
  const own = passage.document ? titleKey(passage.document.title) : null;
  return nameKeys(passage.text, NAMES_PER_PASSAGE).filter((name) => name !== own);
}

/** Adds a score unless the passage has a better one. */
export function keepBest({ scores, via }: RelatedScores, record: string, score: number, from: string): void {
  if (score <= (scores.get(record) ?? 0)) return;
  scores.set(record, score);
  via.set(record, from);
}

/**
 * What a question asks for often stands in the document that a good hit only names: "the river that flows through the
 * capital of Xanadu" finds Xanadu, which names its capital. A document whose title a hit mentions gets that hit's score:
 * at its best passage among `sources`, or at its first.
 */
export function titleLinks(
  sources: readonly FoundPassage[],
  titled: ReadonlyMap<string, readonly Passage[]>,
): RelatedScores {
  const links: RelatedScores = { scores: new Map(), via: new Map() };
  const bestOf = new Map<string, string>();
  for (const { passage } of sources) {
    if (passage.document && !bestOf.has(passage.document.id)) bestOf.set(passage.document.id, passage.record);
  }
  for (const { passage: source, score } of sources) {
    for (const name of mentionedNames(source)) {
      for (const { record, document } of titled.get(name) ?? []) {
        if (!document || document.id === source.document?.id) continue;
        keepBest(links, bestOf.get(document.id) ?? record, score, source.record);
      }
    }
  }
  return links;
}
