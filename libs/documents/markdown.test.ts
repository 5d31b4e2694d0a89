import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ExtractedDocument } from './extracted-document.js';
import { extractMarkdown } from './markdown.js';

const extract = (source: string): Promise<ExtractedDocument> => extractMarkdown(new TextEncoder().encode(source));
const outline = ({ text, blocks }: ExtractedDocument): string[][] =>
  blocks.map((block) => [block.kind, block.headingPath.join(' > '), text.slice(block.start, block.end)]);

describe('Markdown', () => {
  it('gives every kind of block with its heading path, as exact spans of the source', async () => {
    const source = [
      '# Guide to *everything*',
      'Intro with [a link](https://example.org).',
      '## Setup',
      '- one\n- two\n  - nested',
      '| a | b |\n| - | - |\n| 1 | 2 |',
      '```sh\nnpm start\n```',
      '> quoted',
      'Closing\n-------',
      'Done.[^1]',
      '[^1]: A note.',
    ].join('\n\n');
    const document = await extract(source);
    expect(document).toMatchObject({ text: source, title: 'Guide to everything', pages: null });
    expect(outline(document)).toEqual([
      ['heading', 'Guide to everything', '# Guide to *everything*'],
      ['paragraph', 'Guide to everything', 'Intro with [a link](https://example.org).'],
      ['heading', 'Guide to everything > Setup', '## Setup'],
      ['list', 'Guide to everything > Setup', '- one\n- two\n  - nested'],
      ['table', 'Guide to everything > Setup', '| a | b |\n| - | - |\n| 1 | 2 |'],
      ['code', 'Guide to everything > Setup', '```sh\nnpm start\n```'],
      ['quote', 'Guide to everything > Setup', '> quoted'],
      ['heading', 'Guide to everything > Closing', 'Closing\n-------'],
      ['paragraph', 'Guide to everything > Closing', 'Done.[^1]'],
      ['paragraph', 'Guide to everything > Closing', '[^1]: A note.'],
    ]);
  });

  it('takes the title from front matter and keeps front matter out of the blocks', async () => {
    const document = await extract('---\ntitle: "The real title"\ntags: [a]\n---\n\n# Heading\n\nText.\n');
    expect(document.title).toBe('The real title');
    expect(outline(document).map(([, , text]) => text)).toEqual(['# Heading', 'Text.']);
  });

  it('reads on when front matter is no YAML', async () => {
    await expect(extract('---\ntitle: [unclosed\n---\n\n# Heading\n')).resolves.toMatchObject({ title: 'Heading' });
  });

  it('gives each of several documents in one file its own heading, and the file no title', async () => {
    const document = await extract('---\ntitle: First\n---\nOne.\n\n---\nnumber: 2\ntitle: Second\n---\nTwo.\n');
    expect(document.title).toBeNull();
    expect(outline(document)).toEqual([
      ['paragraph', 'First', 'One.'],
      ['heading', 'Second', 'Second'],
      ['paragraph', 'Second', 'Two.'],
    ]);
  });

  it('leaves out comments and empty markup, and keeps words in raw HTML', async () => {
    expect(
      outline(await extract('<!-- secret -->\n\n<br>\n\n<div>Shown</div>\n\n***\n\nText.\n')).map(([, , text]) => text),
    ).toEqual(['<div>Shown</div>', 'Text.']);
  });

  it.each(['---\ntitle: Only\n---\n', '<!-- nothing -->', ' \n'])('calls %j empty', async (source) => {
    await expect(extract(source)).rejects.toMatchObject({ code: 'empty_document' });
  });

  it('keeps spans exact with CRLF, tabs, a byte order mark and characters beyond the basic plane', async () => {
    const document = await extract('\ufeff# 😀 Title\r\n\r\n\tcode\r\n\r\nText 𝒳 here.\r\n');
    expect(outline(document)).toEqual([
      ['heading', '😀 Title', '# 😀 Title'],
      ['code', '😀 Title', 'code'],
      ['paragraph', '😀 Title', 'Text 𝒳 here.'],
    ]);
  });

  it('gives the same blocks of a long document that is parsed in pieces', async () => {
    const part = [
      '## Part\n\nText of *the* part.\n\n- item\n\n  more of the item\n- item\n\n```\n# no heading\n\nText in code\n```',
      '<!-- a comment\n\nText in the comment\n-->\n\n> quoted\n\n| a |\n| - |\n| 1 |\n\n',
    ].join('\n\n');
    const once = (await extract(part)).blocks;
    const times = 300;
    const long = await extract(part.repeat(times));
    expect(long.blocks).toHaveLength(once.length * times);
    long.blocks.forEach((block, index) => {
      const offset = Math.floor(index / once.length) * part.length;
      const { start, end, ...rest } = once[index % once.length] ?? { start: 0, end: 0 };
      expect(block).toEqual({ ...rest, start: start + offset, end: end + offset });
    });
  });

  it.each([
    ['code', '```\n', '```', 1],
    ['a comment', '<!--\n', '-->', 0],
    ['front matter', '---\n', '---', 0],
  ])('does not part a long piece of %s', async (_, opening, closing, blocksOfIt) => {
    const { blocks } = await extract(`${opening}${'text: in it\n\n'.repeat(4_000)}${closing}\n\nAfter.\n`);
    expect(blocks).toHaveLength(blocksOfIt + 1);
  });

  it('keeps all of a paragraph that is longer than any piece', async () => {
    const source = 'A line of a very long paragraph.\n'.repeat(8_000);
    const { blocks, text } = await extract(source);
    expect(blocks.map(({ start, end }) => text.slice(start, end)).join('\n')).toBe(source.trim());
  });

  it.each([
    ['emphasis', '*a_'.repeat(50_000)],
    ['quotations', '>'.repeat(20_000)],
    ['lists', '- '.repeat(20_000)],
    ['brackets', '['.repeat(50_000)],
  ])('reads %s without end in the time that a worker has', async (_, source) => {
    const { blocks } = await extract(`${source}x\n`);
    expect(blocks).toHaveLength(1);
  });

  it('gives sorted blocks that do not overlap or begin or end in white space, for any source', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '# ',
        '## ',
        '- ',
        '> ',
        '```\n',
        '---\n',
        '\n\n',
        '|a|b|\n|-|-|\n',
        '    ',
        '[^1]: ',
        '<b>',
        '\t',
      ),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        let document: ExtractedDocument;
        try {
          document = await extract(`${pieces.join('')}\n\nText`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'empty_document' });
          return;
        }
        let end = 0;
        for (const block of document.blocks) {
          const text = document.text.slice(block.start, block.end);
          expect(block.start).toBeGreaterThanOrEqual(end);
          expect(text).not.toBe('');
          expect(text.trim()).toBe(text);
          end = block.end;
        }
      }),
      { numRuns: 200 },
    );
  });
});
