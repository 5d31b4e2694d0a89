import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Chunk } from '../chunk.js';
import { DamagedPreparedError, encodePrepared, PreparedReader } from './prepared-document.js';

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

  it.each([
    ['without any bytes', Buffer.alloc(0)],
    ['of nothing but zeros', Buffer.alloc(500)],
    ['that begins with a line of something else', Buffer.from('null\n{}\n')],
    ['whose first line is cut', Buffer.from('{"title":nu\n')],
  ])('%s is refused', async (_what, bytes) => {
    await expect(new PreparedReader([bytes]).header()).rejects.toThrow(DamagedPreparedError);
  });

  it.each([
    ['cut short', (lines: string[]) => lines.slice(0, -1).join('')],
    ['with a line too many', (lines: string[]) => [...lines, lines.at(-1)].join('')],
    ['cut in its last line', (lines: string[]) => lines.join('').slice(0, -2)],
    ['with zeros in it', (lines: string[]) => lines.with(2, `${'\0'.repeat(20)}\n`).join('')],
  ])('%s is refused before its last batch is handed out', async (_what, damage) => {
    const chunks = fc.sample(chunk, 4);
    const { lines } = encodePrepared({ title: null, date: null, pageCount: null, chunkCount: 4 }, chunks);
    const damaged = damage(
      Buffer.from(lines)
        .toString()
        .split(/(?<=\n)/),
    );
    const reader = new PreparedReader([Buffer.from(damaged)]);
    expect(await reader.header()).toMatchObject({ chunkCount: 4 });
    let handedOut = 0;
    const readAll = async (): Promise<void> => {
      for await (const batch of reader.batches(2)) handedOut += batch.length;
    };
    await expect(readAll()).rejects.toThrow(DamagedPreparedError);
    expect(handedOut).toBeLessThan(4);
  });
});
