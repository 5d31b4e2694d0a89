import type { ExtractedDocument } from '../extracted-document.js';

/** Kind, heading path and text of each block. */
export function outline({ text, blocks }: ExtractedDocument): string[][] {
  return blocks.map((block) => [block.kind, block.headingPath.join(' > '), text.slice(block.start, block.end)]);
}
