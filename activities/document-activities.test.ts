import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import {
  documentWorkflowId,
  UnavailableError,
  type DocumentAccepted,
  type DocumentPipelineInput,
  type UploadMetadata,
} from '#libs/contracts/index.js';
import { DocumentRepository, ExtractionPool, StageDisplay, storageKeys } from '#libs/documents/index.js';
import type { ObjectStore } from '#libs/stores/objects/index.js';
import { query, type SurrealSession } from '#libs/stores/surreal/index.js';
import { testContext, testServices, type TestServices } from '../test/setup/services-for-test.js';
import { createDocumentActivities, type DocumentActivities } from './document-activities.js';

const REASON = { code: 'processing_failed', sentence: 'Processing failed repeatedly.' };

let test: TestServices;
let extraction: ExtractionPool;
let contextId: string;
let session: SurrealSession;
let documents: DocumentRepository;
let objects: ObjectStore;
let activities: DocumentActivities;
let uploads = 0;
/** What happens in the embedding model before it answers; `call` counts from 1 within a test. */
let whileEmbedding: (call: number) => Promise<unknown>;

beforeAll(async () => {
  test = await testServices();
  ({ contextId } = await testContext(test.services));
  session = await test.services.server.session((await test.services.registry.get(contextId)).ref);
  documents = new DocumentRepository(session);
  ({ objects } = test.services);
  extraction = new ExtractionPool({ threads: 1, memoryMb: 512, deadlineMs: 60_000 });
}, 60_000);

beforeEach(() => {
  whileEmbedding = () => Promise.resolve();
  let calls = 0;
  const { embeddings } = test.services;
  activities = createDocumentActivities({
    ...test.services,
    extraction,
    embeddings: {
      id: embeddings.id,
      dimensions: embeddings.dimensions,
      embed: async (texts) => {
        await whileEmbedding((calls += 1));
        return embeddings.embed(texts);
      },
    },
  });
});

afterAll(async () => {
  await extraction.close();
  await test.close();
});

/** More passages than one batch. */
function long(): string {
  const sentence = `Document ${(uploads += 1)} says what it means at some length. `;
  return Array.from({ length: 90 }, (_, part) => `# Part ${part}\n\n${sentence.repeat(30)}`).join('\n\n');
}

async function accept(content: string, metadata: UploadMetadata = {}): Promise<DocumentPipelineInput> {
  const body = Readable.from([Buffer.from(content)]);
  const upload = { contextId, session, body, mimeType: 'text/markdown', fileName: 'note.md', metadata };
  const { id } = await test.services.acceptance.accept(upload);
  const { rows } = await test.services.pool.query<{ payload: DocumentAccepted }>(
    `select payload from core.outbox where payload->>'documentId' = $1 order by occurred_at desc limit 1`,
    [id],
  );
  if (!rows[0]) throw new Error('the accept left no event');
  return { ...rows[0].payload, generation: test.services.generation };
}

function process(input: DocumentPipelineInput, attempt = 1): Promise<unknown> {
  const quiet = { logger: new DefaultLogger('ERROR', () => undefined) };
  return new MockActivityEnvironment({ attempt }, quiet).run(activities.processDocument, input);
}

function fail(input: DocumentPipelineInput): Promise<void> {
  return new MockActivityEnvironment().run(activities.failDocument, input, REASON);
}

/** An attempt that is held up in the embedding of its second batch, and has written its first. */
async function heldUp(input: DocumentPipelineInput): Promise<{ goOn: () => Promise<unknown> }> {
  const entered = Promise.withResolvers<undefined>();
  const released = Promise.withResolvers<undefined>();
  whileEmbedding = async (call) => {
    if (call !== 2) return;
    entered.resolve(undefined);
    await released.promise;
  };
  const attempt = process(input);
  await entered.promise;
  return {
    goOn: () => {
      released.resolve(undefined);
      return attempt;
    },
  };
}

async function rowsOf({ documentId }: DocumentPipelineInput): Promise<{ chunks: number; vectors: number }> {
  const [chunks, vectors] = await query<[unknown[], unknown[]]>(
    session,
    `SELECT id FROM knowledge_chunk WHERE document = type::record('document', $documentId);
     SELECT id FROM knowledge_vector WHERE document = type::record('document', $documentId);`,
    { documentId },
  );
  return { chunks: chunks.length, vectors: vectors.length };
}

async function jobOf({ documentId, version }: DocumentPipelineInput): Promise<{ status: string }> {
  const workflowId = documentWorkflowId(contextId, documentId, version);
  const [job] = await query<[{ status: string }]>(session, `SELECT status FROM ONLY type::record('job', $workflowId)`, {
    workflowId,
  });
  return job;
}

const preparedOf = ({ documentId, version }: DocumentPipelineInput): string =>
  storageKeys.prepared(contextId, documentId, version);

describe('an attempt that its workflow took for dead', () => {
  it('changes nothing of a document that has failed meanwhile, and leaves none of its text', async () => {
    const input = await accept(long());
    const { goOn } = await heldUp(input);
    expect((await rowsOf(input)).chunks).toBe(64);
    await fail(input);
    expect(await rowsOf(input)).toEqual({ chunks: 0, vectors: 0 });
    // What it may still have stored after the verdict.
    await objects.put(preparedOf(input), Buffer.from('late'));
    expect(await goOn()).toBe('gone');
    expect(await documents.find(input.documentId)).toMatchObject({ status: 'failed', error: REASON.sentence });
    expect(await rowsOf(input)).toEqual({ chunks: 0, vectors: 0 });
    expect(await jobOf(input)).toEqual({ status: 'failed' });
    expect(await objects.exists(preparedOf(input))).toBe(false);
  });

  it('ends as done when another attempt was faster, and changes nothing of what that one wrote', async () => {
    const input = await accept(long());
    const { goOn } = await heldUp(input);
    const done = await process(input, 2);
    const ready = await documents.find(input.documentId);
    expect(ready).toMatchObject({ status: 'ready', ...(done as object) });
    expect(await goOn()).toEqual(done);
    expect(await documents.find(input.documentId)).toEqual(ready);
    expect((await rowsOf(input)).chunks).toBe(ready?.chunkCount);
  });

  it('cannot begin again once the document has failed', async () => {
    const input = await accept('# Short\n\nA few words.');
    await fail(input);
    expect(await process(input, 2)).toBe('gone');
    expect(await documents.find(input.documentId)).toMatchObject({ status: 'failed' });
  });

  it.each(['ready', 'failed'] as const)('cannot show a stage of a document that is %s', async (verdict) => {
    const input = await accept(`# Stage ${verdict}\n\nA few words.`);
    await (verdict === 'ready' ? process(input) : fail(input));
    const before = await documents.find(input.documentId);
    expect(before).toMatchObject({ status: verdict });
    const workflowId = documentWorkflowId(contextId, input.documentId, 1);
    const run = { documentId: input.documentId, version: 1, workflowId, attempt: 2, startedAt: new Date() };
    const errors: unknown[] = [];
    const display = new StageDisplay(session, run, (error) => errors.push(error));
    display.stage('extracting');
    await display.stop();
    expect(await documents.find(input.documentId)).toEqual(before);
    expect(await jobOf(input)).toEqual({ status: verdict === 'ready' ? 'succeeded' : 'failed' });
    expect(errors).toEqual([]);
  });
});

describe('a pipeline that fails although its last attempt made the document ready', () => {
  it('leaves the document and its passages alone', async () => {
    const input = await accept('# Made it\n\nAnd died before it could say so.');
    await process(input);
    const ready = await documents.find(input.documentId);
    await fail(input);
    expect(await documents.find(input.documentId)).toEqual(ready);
    expect(ready).toMatchObject({ status: 'ready', chunkCount: 1 });
    expect(await rowsOf(input)).toEqual({ chunks: 1, vectors: 1 });
    expect(await jobOf(input)).toEqual({ status: 'succeeded' });
  });
});

describe('what an earlier attempt read', () => {
  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['nothing', () => Buffer.alloc(0)],
    ['zeros', (bytes) => Buffer.alloc(bytes.length)],
    ['its first half', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['its first half and zeros', (bytes) => Buffer.from(bytes).fill(0, bytes.length >> 1)],
  ])('is read again when %s is left of it', async (_what, damage) => {
    const input = await accept(long());
    whileEmbedding = () => Promise.reject(new UnavailableError('no answer'));
    await expect(process(input)).rejects.toThrow();
    whileEmbedding = () => Promise.resolve();
    const whole = await objects.get(preparedOf(input));
    const { chunkCount } = JSON.parse(Buffer.from(whole).toString().split('\n', 1)[0] ?? '') as { chunkCount: number };
    await objects.put(preparedOf(input), damage(whole));
    expect(await process(input, 2)).toEqual({ chunkCount });
    expect(await documents.find(input.documentId)).toMatchObject({ status: 'ready', chunkCount });
    expect(await rowsOf(input)).toEqual({ chunks: chunkCount, vectors: chunkCount });
    expect(await objects.exists(preparedOf(input))).toBe(false);
  });
});

describe('a document that is sent again', () => {
  it('begins without the passages of its earlier version, and is whole at the end', async () => {
    const content = long();
    const first = await accept(content);
    const { chunkCount } = (await process(first)) as { chunkCount: number };
    // As a verdict would leave it that could not clear away.
    await query(session, `UPDATE type::record('document', $id) SET status = 'failed'`, { id: first.documentId });
    const second = await accept(content);
    expect(second).toMatchObject({ documentId: first.documentId, version: 2 });
    expect(await rowsOf(second)).toEqual({ chunks: 0, vectors: 0 });
    expect(await process(second)).toEqual({ chunkCount });
    expect(await rowsOf(second)).toEqual({ chunks: chunkCount, vectors: chunkCount });
  });
});

describe('the title of a document', () => {
  it.each([
    ['its own, when its upload gave only a source', { source: 'intranet' }, 'Its own'],
    ['its own, when its upload gave nothing', {}, 'Its own'],
    ['that of its upload, also when it equals the source', { title: 'Given', source: 'Given' }, 'Given'],
  ])('is %s', async (name, metadata, title) => {
    const input = await accept(`# Its own\n\nA text for: ${name}.`, metadata);
    await process(input);
    expect(await documents.find(input.documentId)).toMatchObject({ status: 'ready', title });
  });
});
