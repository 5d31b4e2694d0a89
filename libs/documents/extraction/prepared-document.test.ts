import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Chunk } from '../chunk.js';
import { encodePrepared, PreparedReader } from './prepared-document.js';

const chunk = fc.record({
  position: fc.nat(),
  text: fc.string({ unit: 'grapheme' }),
  charStart: fc.nat(),
  charEnd: fc.nat(),
  section: fc.option(fc.string()),
  page: fc.option(fc.nat()),
  tokenCount: fc.nat(),
});

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

describe('a prepared document', () => {
  it('is read as it was written, however its bytes are cut and in whatever batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(chunk, { maxLength: 20 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 7 }),
        async (chunks, pieceSize, batchSize) => {
          const written = encodePrepared(
            { title: 'Ähren\n', date: null, pageCount: null, chunkCount: chunks.length },
            chunks,
          );
          const reader = new PreparedReader(cut(written.lines, pieceSize));
          expect(await reader.header()).toEqual(written.header);
          const batches: Chunk[][] = [];
          for await (const batch of reader.batches(batchSize)) batches.push(batch);
          expect(batches.flat()).toEqual(chunks);
          expect(batches.slice(0, -1).every((batch) => batch.length === batchSize)).toBe(true);
        },
      ),
    );
  });

  it('without its first line is refused', async () => {
    await expect(new PreparedReader([]).header()).rejects.toThrow('without a header');
  });
});
