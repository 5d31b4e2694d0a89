import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CancelledFailure, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createDocumentActivities } from '../activities/document-activities.js';
import { startDocumentPipeline } from '../apps/worker/document-accepted.js';
import { documentWorkflowId, UnavailableError, type DocumentAccepted } from '#libs/contracts/index.js';
import { DocumentRepository, ExtractionPool, storageKeys } from '#libs/documents/index.js';
import type { EventEnvelope } from '#libs/events/index.js';
import { taskQueue } from '#libs/generations/index.js';
import type { EmbeddingModel } from '#libs/models/index.js';
import { query } from '#libs/stores/surreal/index.js';
import { portableHistory, textsOf, writeHistory } from '../temporal/testing/recorded-history.js';
import { TestTemporal } from '../temporal/testing/test-temporal.js';
import { testContext, testServices, type TestServices } from '../test/setup/services-for-test.js';
import type { documentPipeline } from './index.js';

/** Set by scripts/record-histories.mjs: the histories of these runs become the recorded ones. */
const RECORDING = process.env['SPECTRA_RECORD_HISTORIES'] === '1';

/** Stands in every document and in the message of every scripted failure; must be in no history. */
const MARKER = 'quicksilverheron';

const SPECTRAD = fileURLToPath(new URL('../dist/apps/spectrad/main.js', import.meta.url));

interface Accepted {
  readonly event: DocumentAccepted;
  readonly documents: DocumentRepository;
  readonly handle: WorkflowHandle<typeof documentPipeline>;
  job(): Promise<{ status: string; attempts: number }>;
}

let temporal: TestTemporal;
let extraction: ExtractionPool;
let test: TestServices;
let contextId: string;
let uploads = 0;
/** What happens in the embedding model before it answers. */
let whileEmbedding: (signal: AbortSignal | undefined) => Promise<void>;

beforeAll(async () => {
  extraction = new ExtractionPool({ threads: 2, memoryMb: 512, deadlineMs: 60_000 });
  test = await testServices();
  temporal = await TestTemporal.open(test.environment['TEMPORAL_ADDRESS'] ?? '');
  ({ contextId } = await testContext(test.services));
}, 60_000);

beforeEach(() => {
  whileEmbedding = () => Promise.resolve();
});

afterAll(async () => {
  await temporal.close();
  await extraction.close();
  await test.close();
});

/** Accepts an upload as the API does. */
async function accept(on: TestServices, context: string, mimeType: string, body: string): Promise<Accepted> {
  const { services } = on;
  const { ref } = await services.registry.get(context);
  const session = await services.server.session(ref);
  const { id } = await services.acceptance.accept({
    contextId: context,
    session,
    body: Readable.from([Buffer.from(body)]),
    mimeType,
    fileName: `document-${(uploads += 1)}`,
    metadata: {},
  });
  const workflowId = documentWorkflowId(context, id, 1);
  const { rows } = await services.pool.query<{ payload: DocumentAccepted }>(
    'select payload from core.outbox where idempotency_key = $1',
    [workflowId],
  );
  if (!rows[0]) throw new Error('the accept left no event');
  return {
    event: rows[0].payload,
    documents: new DocumentRepository(session),
    handle: temporal.client.workflow.getHandle<typeof documentPipeline>(workflowId),
    job: async () => {
      const [job] = await query<[{ status: string; attempts: number }]>(
        session,
        `SELECT status, attempts FROM ONLY type::record('job', $workflowId)`,
        { workflowId },
      );
      return job;
    },
  };
}

function markdown(): string {
  return `# Heron ${uploads}\n\nThe ${MARKER} number ${uploads} fishes at dawn.\n\n## Nests\n\nIts nest is of reeds.\n`;
}

/** Accepts an upload and does what the relay does with its event. */
async function start(mimeType = 'text/markdown', body = markdown()): Promise<Accepted> {
  const accepted = await accept(test, contextId, mimeType, body);
  const event = { payload: accepted.event } as EventEnvelope<DocumentAccepted>;
  await startDocumentPipeline(test.services, temporal.client).before?.(event, new AbortController().signal);
  return accepted;
}

/** Runs `body` while a worker of today's sources serves the documents of a generation. */
function working<T>(body: () => Promise<T>, on = test): Promise<T> {
  const { embeddings } = on.services;
  const scripted: EmbeddingModel = {
    id: embeddings.id,
    dimensions: embeddings.dimensions,
    embed: async (texts, options) => {
      await whileEmbedding(options?.signal);
      return embeddings.embed(texts);
    },
  };
  return temporal.withWorker(
    taskQueue('documents', on.services.generation),
    createDocumentActivities({ ...on.services, extraction, embeddings: scripted }),
    body,
  );
}

/** The run replays, and its history holds no text and no secret; then it may be recorded. */
async function keep(path: string, handle: WorkflowHandle, on = test): Promise<string> {
  const history = await portableHistory(handle);
  const texts = textsOf(history).join('\n');
  const secrets = [on.environment['SPECTRA_KEY_HASH_SECRET'], on.settings.SURREALDB_CONNECTION?.password, MARKER];
  for (const secret of secrets) expect(texts.toLowerCase()).not.toContain(secret?.toLowerCase() ?? 'no secret');
  await Worker.runReplayHistory({ workflowBundle: temporal.bundle }, history);
  if (RECORDING) await writeHistory('documentPipeline', path, history);
  return texts;
}

async function chunkCount({ documents, event }: Accepted): Promise<number> {
  return (await documents.listChunks(event.documentId, 0, 100)).total;
}

describe('documentPipeline', () => {
  it('takes an accepted document to ready, visible under its Context, document and generation', async () => {
    const accepted = await start();
    const result = await working(() => accepted.handle.result());
    const chunks = await chunkCount(accepted);
    expect(chunks).toBeGreaterThan(0);
    expect(result).toEqual({ status: 'ready', chunkCount: chunks });
    expect(await accepted.documents.find(accepted.event.documentId)).toMatchObject({
      status: 'ready',
      chunkCount: chunks,
      title: expect.stringContaining('Heron') as unknown,
    });
    expect(await accepted.job()).toEqual({ status: 'succeeded', attempts: 1 });
    const { documentId } = accepted.event;
    const found = `ContextId = '${contextId}' and DocumentId = '${documentId}' and Generation = ${test.services.generation}`;
    expect(await temporal.client.workflow.count(found)).toMatchObject({ count: 1 });
    const texts = await keep('success', accepted.handle);
    expect(texts).toContain('processDocument');
  });

  it('tries a stage again that failed for a reason that heals', async () => {
    let calls = 0;
    whileEmbedding = () => {
      calls += 1;
      return calls === 1 ? Promise.reject(new UnavailableError(`no answer about ${MARKER}`)) : Promise.resolve();
    };
    const accepted = await start();
    const result = await working(() => accepted.handle.result());
    expect(result).toMatchObject({ status: 'ready' });
    expect(calls).toBe(2);
    expect(await accepted.job()).toEqual({ status: 'succeeded', attempts: 2 });
    expect(await keep('retry', accepted.handle)).toContain('processDocument failed (unavailable)');
  });

  it('ends as failed with a sentence when the document cannot be read', async () => {
    const accepted = await start('application/pdf', `%PDF-1.7\n${MARKER} is no PDF`);
    const result = await working(() => accepted.handle.result());
    expect(result).toMatchObject({ status: 'failed', code: expect.stringMatching(/_pdf$/) as unknown });
    const document = await accepted.documents.find(accepted.event.documentId);
    expect(document?.status).toBe('failed');
    expect(document?.error).toMatch(/PDF/);
    expect(await accepted.job()).toEqual({ status: 'failed', attempts: 1 });
    expect(await chunkCount(accepted)).toBe(0);
    await keep('failure', accepted.handle);
  });

  it('lets the stage end before it clears away what a cancelled run wrote', async () => {
    const entered = Promise.withResolvers<undefined>();
    let stageGoesOn = true;
    // Deaf to its cancellation: the batch is still written.
    whileEmbedding = async (signal) => {
      entered.resolve(undefined);
      if (signal) await once(signal, 'abort');
      stageGoesOn = false;
    };
    const accepted = await start();
    const ended = await working(async () => {
      await entered.promise;
      await accepted.handle.cancel();
      return accepted.handle.result().catch((error: unknown) => error);
    });
    expect(ended).toBeInstanceOf(WorkflowFailedError);
    expect((ended as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(stageGoesOn).toBe(false);
    const document = await accepted.documents.find(accepted.event.documentId);
    expect(document).toMatchObject({ status: 'failed', error: expect.stringContaining('cancelled') as unknown });
    expect(await chunkCount(accepted)).toBe(0);
    await keep('cancellation', accepted.handle);
  });

  it('ends as gone when the document was deleted before its run', async () => {
    const accepted = await start();
    await accepted.documents.delete(accepted.event.documentId);
    expect(await working(() => accepted.handle.result())).toEqual({ status: 'gone' });
    await keep('gone-before', accepted.handle);
  });

  it('ends as gone, without passages or text of it, when the document is deleted during its run', async () => {
    // More than one batch, so that what was read is in the object store.
    const accepted = await start('text/markdown', markdown().repeat(100));
    const { objects } = test.services;
    const prepared = storageKeys.prepared(contextId, accepted.event.documentId, 1);
    let wasStored = false;
    whileEmbedding = async () => {
      wasStored = await objects.exists(prepared);
      await accepted.documents.delete(accepted.event.documentId);
    };
    expect(await working(() => accepted.handle.result())).toEqual({ status: 'gone' });
    expect([wasStored, await objects.exists(prepared)]).toEqual([true, false]);
    expect(await accepted.documents.find(accepted.event.documentId)).toBeNull();
    expect(await chunkCount(accepted)).toBe(0);
    await keep('gone-during', accepted.handle);
  });

  it('goes on at the stage in which its worker was killed, on another worker', async () => {
    const own = await testServices();
    const child = spawn(process.execPath, ['--no-warnings', SPECTRAD, 'worker', 'start'], {
      env: { ...process.env, ...own.environment, SPECTRA_FAULTS: 'embed=kill' },
      stdio: 'ignore',
    });
    try {
      const context = await testContext(own.services);
      const accepted = await accept(own, context.contextId, 'text/markdown', markdown());
      const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      expect(signal).toBe('SIGKILL');
      expect(await chunkCount(accepted)).toBe(0);
      const result = await working(() => accepted.handle.result(), own);
      expect(result).toEqual({ status: 'ready', chunkCount: await chunkCount(accepted) });
      expect(await accepted.job()).toEqual({ status: 'succeeded', attempts: 2 });
      expect(await keep('worker-killed', accepted.handle, own)).toContain('TIMEOUT_TYPE_HEARTBEAT');
    } finally {
      child.kill('SIGKILL');
      await own.close();
    }
  }, 90_000);
});
