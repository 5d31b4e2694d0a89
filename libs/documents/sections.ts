import type { Block, ExtractedDocument } from './extracted-document.js';
import { estimateTokens } from './tokens.js';

/**
 * Which sections may share a chunk, and why:
 *
 * - A heading of level 1 or 2 starts a part of the document that is about something else; text on both sides of it in
 *   one chunk would be found for the wrong reasons and shown under the wrong section. Such a heading always separates,
 *   however short the parts are.
 * - Deeper headings often stand over two or three lines each (numbered clauses, answers of a form). Alone they are too
 *   short to be found and lose their neighbours' context, so sections that are shorter than a quarter of a chunk are
 *   joined with what follows under the same heading of level 1 or 2, while a whole section still fits.
 * - A heading without text of its own stands with the first text below it, whatever the levels.
 */
const SEPARATING_LEVEL = 2;
const SHORT = 0.25;

interface Section {
  readonly blocks: Block[];
  readonly tokens: number;
  readonly level: number;
  readonly hasBody: boolean;
}

/** Parts the blocks into runs that chunks never cross; within a run, chunks are packed. */
export function partitionSections(document: ExtractedDocument, maxTokens: number): Block[][] {
  const runs: Block[][] = [];
  let open: Section | null = null;
  for (const section of splitAtHeadings(document)) {
    if (open === null) {
      open = section;
      continue;
    }
    if (joins(document, open, section, maxTokens)) {
      open = measured(document, [...open.blocks, ...section.blocks]);
    } else {
      runs.push(open.blocks);
      open = section;
    }
  }
  if (open !== null) runs.push(open.blocks);
  return runs;
}

function joins(document: ExtractedDocument, open: Section, next: Section, maxTokens: number): boolean {
  if (!open.hasBody) return true;
  if (next.level <= SEPARATING_LEVEL) return false;
  const eitherIsShort = Math.min(open.tokens, next.tokens) < maxTokens * SHORT;
  return eitherIsShort && measured(document, [...open.blocks, ...next.blocks]).tokens <= maxTokens;
}

function* splitAtHeadings(document: ExtractedDocument): Generator<Section> {
  let blocks: Block[] = [];
  for (const block of document.blocks) {
    if (block.kind === 'heading' && blocks.length > 0) {
      yield measured(document, blocks);
      blocks = [];
    }
    blocks.push(block);
  }
  if (blocks.length > 0) yield measured(document, blocks);
}

function measured(document: ExtractedDocument, blocks: Block[]): Section {
  const [first] = blocks;
  return {
    blocks,
    tokens: estimateTokens(document.text.slice(first?.start ?? 0, blocks.at(-1)?.end ?? 0)),
    level: first?.kind === 'heading' ? (first.level ?? 1) : 0,
    hasBody: blocks.some((block) => block.kind !== 'heading'),
  };
}
