import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Chunk } from '#libs/contracts/index.js';
import type { StoredDocument } from '#libs/documents/index.js';
import { atMostAtOnce } from './at-most-at-once.js';
import { expectedChunkId, FaultWorld, type ChunkRow, type Job } from './fault-world.js';

/** Every fault point in the activities of the pipeline. */
const POINTS = [
  'extract',
  'extract-done',
  'prepared',
  'embed',
  'embed-batch',
  'batch-written',
  'complete',
  'written',
  'complete-done',
] as const;
type Point = (typeof POINTS)[number];

/** More would only make each other wait on two cores; what the runs mostly do is wait for a heartbeat that stays away. */
const AT_ONCE = 3;

/** More chunks than one batch of the embedding stage (64), so that a batch is written before the crash and one is not. */
const DOCUMENT = {
  content: Array.from({ length: 90 }, (_, section) => {
    const sentences = Array.from(
      { length: 30 },
      (_unused, n) => `Sentence ${n} of part ${section} says what ${section * 31 + n} means.`,
    );
    return `# Part ${section}\n\n${sentences.join(' ')}`;
  }).join('\n\n'),
  mimeType: 'text/markdown',
  fileName: 'parts.md',
};

interface Outcome {
  readonly document: StoredDocument;
  readonly chunks: Chunk[];
  readonly rows: ChunkRow[];
  readonly jobs: Job[];
  readonly runs: string[];
  /** Chunk rows that were there when the worker was dead. */
  readonly rowsAtCrash: number;
}

async function observe(world: FaultWorld, id: string, rowsAtCrash: number): Promise<Outcome> {
  const document = await world.documentBecomes(id, 'ready', 60_000);
  // `ready` is written by the last activity; a repeat of it may still be to come.
  await world.temporal.workflow.getHandle(world.workflowId(id)).result();
  const [chunks, rows, jobs, runs] = [
    await world.chunks(id),
    await world.chunkRows(),
    await world.jobs(),
    await world.runsOf(id),
  ];
  return { document, chunks, rows, jobs, runs, rowsAtCrash };
}

async function undisturbed(): Promise<Outcome> {
  const world = await FaultWorld.open();
  try {
    await world.startReady('worker');
    return await observe(world, (await world.accept(DOCUMENT)).id, 0);
  } finally {
    await world.close();
  }
}

async function crashedAt(point: Point): Promise<Outcome> {
  const world = await FaultWorld.open();
  try {
    const doomed = await world.start('worker', `${point}=kill`);
    const { id } = await world.accept(DOCUMENT);
    expect(await doomed.exitWithin(60_000)).toEqual({ code: null, signal: 'SIGKILL' });
    const rowsAtCrash = (await world.chunkRows()).length;
    await world.startReady('worker');
    return await observe(world, id, rowsAtCrash);
  } finally {
    await world.close();
  }
}

/** What must not depend on crashes. */
const essence = ({ text, position, section, page, charStart, charEnd, tokenCount }: Chunk) => ({
  text,
  position,
  section,
  page,
  charStart,
  charEnd,
  tokenCount,
});

// Fault 33.
describe('a worker that is killed at a stage of the pipeline and started again', () => {
  let expected: Outcome;
  const outcomes = new Map<Point, PromiseSettledResult<Outcome>>();
  beforeAll(async () => {
    expected = await undisturbed();
    const settled = await atMostAtOnce(AT_ONCE, POINTS, crashedAt);
    POINTS.forEach((point, index) => {
      const result = settled[index];
      if (result) outcomes.set(point, result);
    });
  }, 240_000);
  function outcomeOf(point: Point): Outcome {
    const result = outcomes.get(point);
    if (result?.status !== 'fulfilled') throw result?.reason;
    return result.value;
  }

  it('is compared with a run that is worth it: several batches of chunks, searchable and in order', () => {
    expect(expected.chunks.length).toBeGreaterThan(64);
    expect(expected.chunks.map((chunk) => chunk.position)).toEqual(expected.chunks.map((_, index) => index));
    expect(expected.document.chunkCount).toBe(expected.chunks.length);
    expect(expected.rows.every((row) => row.embedding.length > 0)).toBe(true);
  });

  it.each(POINTS)('ends ready with the chunks of an undisturbed run: killed at %s', (point) => {
    const { document, chunks, rows, jobs, runs } = outcomeOf(point);
    expect(document).toMatchObject({
      status: 'ready',
      error: null,
      version: 1,
      title: expected.document.title,
      chunkCount: expected.document.chunkCount,
      pageCount: expected.document.pageCount,
    });
    expect(chunks.map(essence)).toEqual(expected.chunks.map(essence));
    expect(chunks.map((chunk) => chunk.id)).toEqual(chunks.map((_, index) => expectedChunkId(document.id, 1, index)));
    // Every row of the database, not only those that the document claims.
    expect(rows.map((row) => row.id)).toEqual(chunks.map((chunk) => chunk.id));
    expect(rows.map((row) => row.search_text)).toEqual(expected.rows.map((row) => row.search_text));
    expect(rows.map((row) => row.embedding)).toEqual(expected.rows.map((row) => row.embedding));
    expect(jobs).toEqual([{ status: 'succeeded', error: null, attempts: expect.any(Number) }]);
    expect(runs).toHaveLength(1);
  });

  it('was killed where the name says: rows of the first batch only, of all, or of none', () => {
    const count = expected.chunks.length;
    const rowsAtCrash = Object.fromEntries(POINTS.map((point) => [point, outcomeOf(point).rowsAtCrash]));
    expect(rowsAtCrash).toEqual({
      extract: 0,
      'extract-done': 0,
      prepared: 0,
      embed: 0,
      'embed-batch': 0,
      'batch-written': 64,
      complete: 64,
      written: count,
      'complete-done': count,
    });
  });
});
