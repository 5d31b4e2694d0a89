import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ACCEPTED_MEDIA_TYPES, UnsupportedMediaTypeError } from '#libs/contracts/index.js';
import { chunkDocument } from './chunk.js';
import { extractDocument } from './extract.js';
import type { ExtractedDocument } from './extracted-document.js';
import { docxOf, epubOf, pptxOf, shape, xlsxOf } from './testing/archives.js';
import { UnreadableDocumentError } from './unreadable-document-error.js';

/** A whole document of each kind, for others to be made from by damaging it. */
const WHOLE: readonly Buffer[] = [
  docxOf('<w:p><w:r><w:t>Some words</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>'),
  pptxOf([shape('title', 'Plans') + shape('body', 'one', 'two')]),
  xlsxOf({ S: '<row><c t="str"><v>a</v></c><c t="str"><v>b</v></c></row><row><c><v>1</v></c><c><v>2</v></c></row>' }),
  epubOf({ a: '<h1>One</h1><p>x</p>' }),
  Buffer.from('From: a@example.org\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x--\n'),
  Buffer.from('{"a":[1,"two",{"b":null}]}'),
  Buffer.from('name,city\nAda,"London, UK"\n'),
  Buffer.from('---\ntitle: x\n---\n# Head\n\n- a\n- b\n'),
  Buffer.from('<!doctype html><table><tr><td>a<td>b</table><ul><li>c'),
];

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => new Uint8Array(Buffer.from(text))),
  fc.constantFrom(...WHOLE),
  fc
    .tuple(
      fc.constantFrom(...WHOLE),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    )
    .map(([whole, changes, share]) => {
      const bytes = Uint8Array.from(whole);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return share < 0.8 ? bytes : bytes.subarray(0, Math.floor(bytes.length * share));
    }),
);

async function read(bytes: Uint8Array, mediaType: string): Promise<ExtractedDocument | null> {
  try {
    return await extractDocument(bytes, mediaType);
  } catch (error) {
    if (error instanceof UnreadableDocumentError || error instanceof UnsupportedMediaTypeError) return null;
    throw error;
  }
}

describe('extractDocument, for any bytes', () => {
  it.each(ACCEPTED_MEDIA_TYPES)('reads them as %s, or says why not', async (mediaType) => {
    await fc.assert(
      fc.asyncProperty(anyBytes, async (bytes) => {
        const before = Uint8Array.from(bytes);
        const document = await read(bytes, mediaType);
        expect(Buffer.compare(bytes, before)).toBe(0);
        if (document === null) return;
        const { text, blocks } = document;
        let end = 0;
        for (const block of blocks) {
          expect(block.start).toBeGreaterThanOrEqual(end);
          expect(block.end).toBeGreaterThan(block.start);
          expect(text.slice(block.start, block.end).trim()).toBe(text.slice(block.start, block.end));
          ({ end } = block);
        }
        expect(end).toBeLessThanOrEqual(text.length);
        expect(text.isWellFormed()).toBe(true);
        for (const chunk of chunkDocument(document))
          expect(text.slice(chunk.charStart, chunk.charEnd)).toBe(chunk.text);
      }),
      { numRuns: 120 },
    );
  });

  it('refuses a type that nothing reads', async () => {
    await expect(extractDocument(Buffer.from('x'), 'image/png')).rejects.toThrow(UnsupportedMediaTypeError);
  });

  it.each(['text/plain', 'text/markdown', 'text/csv', 'text/html'])(
    'reads one line of 30 MB as %s',
    async (mediaType) => {
      const line = Buffer.alloc(30_000_000, 'words without an end ');
      const { text } = await extractDocument(line, mediaType);
      expect(text.length).toBeGreaterThanOrEqual(line.length - 1);
    },
    120_000,
  );

  it('has a title of bounded length, which is written into every passage', async () => {
    const page = Buffer.from(`<title>${'\u{1f41d}'.repeat(20_000)}</title><p>Bees.`);
    expect((await extractDocument(page, 'text/html')).title).toHaveLength(1_000);
  });
});
