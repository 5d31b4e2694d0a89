import { AsyncLocalStorage } from 'node:async_hooks';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { UnavailableError } from '#libs/contracts/index.js';
import { localEmbeddings } from '#libs/models/index.js';
import { ExtractionPool, type DocumentToPrepare, type ExtractionPoolOptions } from './extraction-pool.js';
import { prepareDocument } from './prepare-document.js';

const MEGABYTE = 1024 * 1024;

let pool: ExtractionPool;
afterEach(() => pool.close());

function open(options: Partial<ExtractionPoolOptions> = {}): ExtractionPool {
  pool = new ExtractionPool({ threads: 2, memoryMb: 512, deadlineMs: 60_000, ...options });
  return pool;
}

function text(content: string | Uint8Array, mediaType = 'text/plain'): DocumentToPrepare {
  const bytes = Buffer.from(content);
  return { mediaType, sizeBytes: bytes.length, load: () => Promise.resolve(bytes) };
}

/** Paragraphs of prose, `megabytes` of them. */
function prose(megabytes: number): string {
  const paragraph = `${'The harbour master writes down every ship that comes in. '.repeat(8)}\n\n`;
  return paragraph.repeat(Math.ceil((megabytes * MEGABYTE) / paragraph.length));
}

async function sample(name: string): Promise<Uint8Array> {
  return readFile(join(process.cwd(), 'samples', name));
}

describe('a document that is read in a thread', () => {
  it.each([
    ['text/markdown', 'privileged-identity-playbook.md'],
    ['application/pdf', 'digital-worker-identity-playbook.pdf'],
  ])('is the same as one that is read in place: %s', async (mediaType, name) => {
    const bytes = await sample(name);
    const expected = await prepareDocument(bytes, mediaType);
    expect(expected.header.chunkCount).toBeGreaterThan(10);
    const { header, lines } = await open().prepare(text(bytes, mediaType));
    expect(header).toEqual(expected.header);
    expect(Buffer.from(lines).equals(Buffer.from(expected.lines))).toBe(true);
  });

  it('reports its progress', async () => {
    const beats: number[] = [];
    await open().prepare(text(await sample('fedramp-ssp-guide.pdf'), 'application/pdf'), {
      onProgress: (done, total) => {
        expect(total).toBe(77);
        beats.push(done);
      },
    });
    expect(beats.length).toBeGreaterThan(0);
    expect(beats).toEqual([...beats].sort((a, b) => a - b));
  });

  it('reports to the async context of its own caller, not of the one for whom the thread was made', async () => {
    open({ threads: 1 });
    const caller = new AsyncLocalStorage<string>();
    const heard: unknown[] = [];
    const prepareAs = (name: string): Promise<unknown> =>
      caller.run(name, () =>
        pool.prepare(text('A few words.'), { onChunking: () => heard.push([name, caller.getStore()]) }),
      );
    await prepareAs('first');
    await Promise.all([prepareAs('second'), prepareAs('third')]);
    expect(heard).toEqual(['first', 'second', 'third'].map((name) => [name, name]));
  });

  it('leaves the event loop of its process free, where reading it in place would be one long turn', async () => {
    const line = Buffer.alloc(4 * MEGABYTE, 'one line without an end ');
    let reading = true;
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    await prepareDocument(line, 'text/plain');
    const turnsInPlace = turns;
    await open().prepare(text(line));
    reading = false;
    expect(turnsInPlace).toBeLessThan(10);
    expect(turns - turnsInPlace).toBeGreaterThan(1_000);
  });

  it('says what is wrong with it as one that is read in place does', async () => {
    open();
    await expect(pool.prepare(text(' \n\n '))).rejects.toMatchObject({
      name: 'UnreadableDocumentError',
      status: 422,
      code: 'empty_document',
      retryable: false,
      message: expect.stringContaining('empty') as unknown,
    });
    await expect(pool.prepare(text('x', 'image/png'))).rejects.toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
    });
    await expect(pool.prepare(text('Still serving.'))).resolves.toMatchObject({ header: { chunkCount: 1 } });
  });
});

describe('a thread', () => {
  it('that needs too much memory ends with its document, and the next document is read', async () => {
    open({ memoryMb: 64, threads: 1 });
    await expect(pool.prepare(text(prose(40)))).rejects.toMatchObject({
      code: 'document_too_complex',
      retryable: false,
      message: expect.stringContaining('64 MB') as unknown,
    });
    await expect(pool.prepare(text('A small one.'))).resolves.toMatchObject({ header: { chunkCount: 1 } });
  });

  it('that takes too long ends at its deadline, and the next document is read', async () => {
    open({ deadlineMs: 1_500, threads: 1 });
    await expect(pool.prepare(text(prose(50)))).rejects.toMatchObject({
      code: 'document_too_complex',
      retryable: false,
      message: expect.stringContaining('within 2 s') as unknown,
    });
    await expect(pool.prepare(text('A small one.'))).resolves.toMatchObject({ header: { chunkCount: 1 } });
  });

  it('ends when its document is given up, and the next document is read', async () => {
    open({ threads: 1 });
    const given = new AbortController();
    const running = pool.prepare(text(prose(50)), { signal: given.signal });
    const waiting = pool.prepare(text('One that waits.'), { signal: given.signal });
    const next = pool.prepare(text('The next one.'));
    given.abort(new Error('given up'));
    await expect(running).rejects.toThrow('given up');
    await expect(waiting).rejects.toThrow('given up');
    await expect(next).resolves.toMatchObject({ header: { chunkCount: 1 } });
  });
});

describe('a pool', () => {
  it('loads no document before a thread is free for it, and keeps one thread from the large ones', async () => {
    open({ threads: 2 });
    const loaded: string[] = [];
    const document = (name: string, megabytes: number): DocumentToPrepare => ({
      ...text(megabytes > 0 ? prose(megabytes) : name),
      load: () => {
        loaded.push(name);
        return Promise.resolve(Buffer.from(megabytes > 0 ? prose(megabytes) : name));
      },
    });
    const done: string[] = [];
    const all = [document('large 1', 8), document('large 2', 2), document('small 1', 0), document('small 2', 0)];
    const names = ['large 1', 'large 2', 'small 1', 'small 2'];
    await Promise.all(all.map((one, index) => pool.prepare(one).then(() => done.push(names[index] ?? ''))));
    expect(loaded.slice(0, 2)).toEqual(['large 1', 'small 1']);
    expect(done).toEqual(['small 1', 'small 2', 'large 1', 'large 2']);
  });

  it('gives the vectors of the local model, wherever it computes them', async () => {
    open();
    const inline = localEmbeddings();
    const pooled = pool.localEmbeddings();
    expect([pooled.id, pooled.dimensions]).toEqual([inline.id, inline.dimensions]);
    const few = ['A heron fishes at dawn.', ''];
    const many = Array.from({ length: 70 }, (_, n) => `Passage ${n}: ${'the tide turns twice a day. '.repeat(20)}`);
    expect(await pooled.embed(few)).toEqual(await inline.embed(few));
    expect(await pooled.embed(many)).toEqual(await inline.embed(many));
    expect(await pooled.embed([])).toEqual([]);
  });

  it('that is closed ends what runs and takes nothing new; another worker can do it', async () => {
    open();
    const running = pool.prepare(text(prose(20)));
    const refused = expect(running).rejects.toThrow(UnavailableError);
    await pool.close();
    await refused;
    await expect(pool.prepare(text('late'))).rejects.toThrow(UnavailableError);
  });
});
