import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chunkDocument, type Chunk } from './chunk.js';
import { BLOCK_KINDS, type Block, type ExtractedDocument } from './extracted-document.js';
import { HeadingPath } from './heading-path.js';
import { extractMarkdown } from './markdown.js';
import { estimateTokens } from './tokens.js';

const markdown = (source: string): Promise<ExtractedDocument> => extractMarkdown(new TextEncoder().encode(source));
const sentence = (about: string): string => `This sentence says something that is worth keeping about ${about}.`;
const paragraphOf = (count: number, about: string): string =>
  Array.from({ length: count }, (_, index) => sentence(`${about} ${index}`)).join(' ');

/** Any blocks over any text: empty-looking gaps, text outside of blocks, every script, emoji, very long words. */
const anyDocument: fc.Arbitrary<ExtractedDocument> = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...BLOCK_KINDS),
      level: fc.integer({ min: 1, max: 6 }),
      gap: fc.constantFrom('\n\n', '\n', ' ', ' <!-- outside of all blocks --> '),
      parts: fc.array(
        fc.oneof(
          fc.string({ unit: 'grapheme', maxLength: 30 }),
          fc.string({ unit: 'binary', maxLength: 30 }),
          fc.lorem({ maxCount: 12, mode: 'words' }),
          fc.constantFrom('A sentence ends. ', 'x'.repeat(150), '漢字'.repeat(30), '😀'.repeat(20), '\n', ' | '),
        ),
        { minLength: 1, maxLength: 8 },
      ),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((specs) => {
    let text = '';
    const blocks: Block[] = [];
    const headings = new HeadingPath();
    for (const { kind, level, gap, parts } of specs) {
      const body = parts.join('').trim();
      text += gap;
      const span = { start: text.length, end: text.length + body.length };
      text += body;
      if (body === '') continue;
      if (kind === 'heading') blocks.push({ ...span, kind, level, headingPath: headings.enter(level, body) });
      else blocks.push({ ...span, kind, headingPath: headings.current });
    }
    return { text, title: null, date: null, blocks, pages: null };
  });

const anySizes = fc
  .record({ maxTokens: fc.integer({ min: 1, max: 80 }), share: fc.double({ min: 0, max: 0.9, noNaN: true }) })
  .map(({ maxTokens, share }) => ({ maxTokens, overlapTokens: Math.floor((maxTokens - 1) * share) }));

describe('chunkDocument, for any document and any sizes', () => {
  const holds = (law: (document: ExtractedDocument, chunks: Chunk[], maxTokens: number) => void): void => {
    fc.assert(
      fc.property(anyDocument, anySizes, (document, sizes) => {
        law(document, chunkDocument(document, sizes), sizes.maxTokens);
      }),
      { numRuns: 150 },
    );
  };

  it('gives exact slices that part no character, within the limit, in order', () => {
    holds((document, chunks, maxTokens) => {
      chunks.forEach((chunk, index) => {
        expect(document.text.slice(chunk.charStart, chunk.charEnd)).toBe(chunk.text);
        expect(chunk.text.isWellFormed()).toBe(true);
        expect(chunk.text.trim()).toBe(chunk.text);
        expect(chunk.tokenCount).toBe(estimateTokens(chunk.text));
        expect(chunk.tokenCount).toBeLessThanOrEqual(maxTokens);
        expect(chunk.position).toBe(index);
        expect(chunk.charStart).toBeGreaterThan(chunks[index - 1]?.charStart ?? -1);
        expect(chunk.charEnd).toBeGreaterThan(chunks[index - 1]?.charEnd ?? -1);
      });
    });
  });

  it('keeps every visible character of every block', () => {
    holds((document, chunks) => {
      const covered = new Uint8Array(document.text.length);
      for (const chunk of chunks) covered.fill(1, chunk.charStart, chunk.charEnd);
      const lost = document.blocks.filter((block) =>
        [...document.text.slice(block.start, block.end).matchAll(/\S/gu)].some(
          (character) => covered[block.start + character.index] !== 1,
        ),
      );
      expect(lost).toEqual([]);
    });
  });

  it('never has text on both sides of a heading of level 1 or 2', () => {
    holds((document, chunks) => {
      for (const chunk of chunks) {
        const inside = document.blocks.filter((block) => block.start < chunk.charEnd && block.end > chunk.charStart);
        const body = inside.findIndex((block) => block.kind !== 'heading');
        const separator = inside.findLastIndex((block) => block.kind === 'heading' && (block.level ?? 1) <= 2);
        expect(body !== -1 && separator > body).toBe(false);
      }
    });
  });

  it('gives the same chunks again', () => {
    fc.assert(
      fc.property(anyDocument, anySizes, (document, sizes) => {
        expect(chunkDocument(document, sizes)).toEqual(chunkDocument(structuredClone(document), sizes));
      }),
      { numRuns: 50 },
    );
  });
});

describe('chunkDocument', () => {
  it('packs the paragraphs of a section and names its heading path', async () => {
    const chunks = chunkDocument(await markdown('# Guide\n\n## Setup\n\nFirst.\n\nSecond.\n\n## Use\n\nThird.\n'));
    expect(chunks.map(({ text, section }) => [section, text])).toEqual([
      ['Guide > Setup', '# Guide\n\n## Setup\n\nFirst.\n\nSecond.'],
      ['Guide > Use', '## Use\n\nThird.'],
    ]);
  });

  it('joins short deeper sections and names what they have in common', async () => {
    const [chunk, ...others] = chunkDocument(await markdown('## Terms\n\n### One\n\nA.\n\n### Two\n\nB.\n'));
    expect(others).toEqual([]);
    expect(chunk).toMatchObject({ section: 'Terms', charStart: 0 });
  });

  it('leaves longer deeper sections apart', async () => {
    const source = `## Terms\n\n### One\n\n${paragraphOf(20, 'one')}\n\n### Two\n\n${paragraphOf(20, 'two')}\n`;
    expect(chunkDocument(await markdown(source)).map((chunk) => chunk.section)).toEqual(['Terms > One', 'Terms > Two']);
  });

  it('overlaps by whole sentences inside a section and not between sections', async () => {
    const source = `## One\n\n${paragraphOf(30, 'one')}\n\n## Two\n\n${paragraphOf(5, 'two')}\n`;
    const chunks = chunkDocument(await markdown(source), { maxTokens: 120, overlapTokens: 30 });
    const inOne = chunks.filter((chunk) => chunk.section === 'One');
    expect(inOne.length).toBeGreaterThan(2);
    for (const [index, chunk] of inOne.entries()) {
      const next = inOne[index + 1];
      if (next === undefined) continue;
      const overlap = source.slice(next.charStart, chunk.charEnd);
      expect(overlap).toMatch(/^This sentence .*\.$/u);
      expect(estimateTokens(overlap)).toBeLessThanOrEqual(30);
    }
    const last = inOne.at(-1);
    const firstOfTwo = chunks.find((chunk) => chunk.section === 'Two');
    expect(firstOfTwo?.charStart).toBeGreaterThan(last?.charEnd ?? Infinity);
    expect(firstOfTwo?.text).toMatch(/^## Two/u);
  });

  it('keeps a heading with the text below it, however full the chunk then is, and never repeats it', async () => {
    const headings = '# One two three four five six\n\n## Seven eight nine ten\n\n';
    const document = await markdown(`${headings}${'It is so. '.repeat(20)}\n`);
    const chunks = chunkDocument(document, { maxTokens: 26, overlapTokens: 20 });
    expect(chunks[0]?.text).toBe(`${headings}It is so. It is so. It is so.`);
    expect(chunks[1]?.text).toMatch(/^It is so\./u);
  });

  it('cuts a list and a table between lines', async () => {
    const items = Array.from({ length: 40 }, (_, index) => `- item number ${index} of this list`);
    const chunks = chunkDocument(await markdown(`${items.join('\n')}\n`), { maxTokens: 64, overlapTokens: 0 });
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.flatMap((chunk) => chunk.text.split('\n'))).toEqual(items);
  });

  it('gives the page on which a chunk begins', () => {
    const text = 'First page.\n\nSecond page.';
    const chunks = chunkDocument(
      {
        text,
        title: null,
        date: null,
        blocks: [
          { start: 0, end: 11, kind: 'heading', headingPath: ['First page.'], level: 1 },
          { start: 13, end: 25, kind: 'heading', headingPath: ['Second page.'], level: 1 },
        ],
        pages: [
          { page: 1, start: 0, end: 13 },
          { page: 2, start: 13, end: 13 },
          { page: 3, start: 13, end: 25 },
        ],
      },
      { maxTokens: 3, overlapTokens: 0 },
    );
    expect(chunks.map((chunk) => chunk.page)).toEqual([1, 3]);
  });

  it('refuses sizes that cannot work', async () => {
    const document = await markdown('Text.');
    expect(() => chunkDocument(document, { maxTokens: 0 })).toThrow(RangeError);
    expect(() => chunkDocument(document, { maxTokens: 64, overlapTokens: 64 })).toThrow(RangeError);
  });
});
