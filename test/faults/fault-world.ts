import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client, Connection } from '@temporalio/client';
import type { Flags } from '#libs/config/index.js';
import {
  documentWorkflowId,
  idFromDigest,
  type Chunk,
  type DocumentStatus,
  type UploadResponse,
} from '#libs/contracts/index.js';
import { DocumentRepository, type StoredDocument } from '#libs/documents/index.js';
import { query, type SurrealSession } from '#libs/stores/surreal/index.js';
import { openTemporalClient } from '../../temporal/connection.js';
import { RoleProcesses, type RoleName, type RoleProcess } from '../setup/role-process.js';
import { testContext, testServices, type TestServices } from '../setup/services-for-test.js';

export interface OutboxRow {
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly failure_history: unknown[];
  readonly occurred_at: Date;
  readonly claimed_at: Date | null;
  readonly claimed_by: string | null;
  readonly claim_expires_at: Date | null;
}

export interface Job {
  readonly status: string;
  readonly error: string | null;
  readonly attempts: number;
}

export interface FileUpload {
  readonly content: string | Uint8Array;
  readonly mimeType?: string;
  readonly fileName?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What a chunk row holds besides what the API shows of it. */
export interface ChunkRow {
  readonly id: string;
  readonly position: number;
  readonly search_text: string;
  readonly embedding: readonly number[];
}

/** Polls until `probe` stops throwing; then its value. The last error after `withinMs`. */
export async function eventually<T>(probe: () => Promise<T> | T, withinMs = 30_000): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(25);
    }
  }
}

/** The id that the chunk at a position must have, whoever wrote it and however often. */
export function expectedChunkId(documentId: string, version: number, position: number): string {
  return idFromDigest(createHash('sha256').update(`${documentId}\0${version}\0${position}`).digest());
}

/** One generation with a Context, its stores, and roles that run as processes of their own. */
export class FaultWorld {
  readonly #roles: RoleProcesses;

  private constructor(
    readonly test: TestServices,
    readonly contextId: string,
    readonly key: string,
    readonly session: SurrealSession,
    readonly temporal: Client,
    private readonly connection: Connection,
  ) {
    this.#roles = new RoleProcesses(test.environment);
  }

  static async open(flags: Flags = {}): Promise<FaultWorld> {
    const test = await testServices(flags);
    const { services, settings } = test;
    const { contextId, key } = await testContext(services);
    const context = await services.registry.find(contextId);
    if (!context) throw new Error('the Context was not created');
    const { client, connection } = openTemporalClient({
      address: settings.TEMPORAL_ADDRESS ?? '',
      namespace: settings.TEMPORAL_NAMESPACE,
      tls: false,
    });
    const session = await services.server.session(context.ref);
    return new FaultWorld(test, contextId, key, session, client, connection);
  }

  get generation(): number {
    return this.test.services.generation;
  }

  get documents(): DocumentRepository {
    return new DocumentRepository(this.session);
  }

  workflowId(documentId: string): string {
    return documentWorkflowId(this.contextId, documentId, 1);
  }

  /** Starts a role. `faults` as in SPECTRA_FAULTS. */
  start(role: RoleName, faults = '', settings: Readonly<Record<string, string>> = {}): Promise<RoleProcess> {
    return this.#roles.start(role, { ...settings, ...(faults ? { SPECTRA_FAULTS: faults } : {}) });
  }

  /** Starts a role and waits for it. */
  async startReady(role: RoleName, faults = '', settings: Readonly<Record<string, string>> = {}): Promise<RoleProcess> {
    const started = await this.start(role, faults, settings);
    await started.ready();
    return started;
  }

  /** Accepts an upload in this process, as an api does. */
  accept({
    content,
    mimeType = 'text/plain',
    fileName = 'note.txt',
    metadata = {},
  }: FileUpload): Promise<UploadResponse> {
    return this.test.services.acceptance.accept({
      contextId: this.contextId,
      session: this.session,
      body: Readable.from([Buffer.from(content)]),
      mimeType,
      fileName,
      metadata,
    });
  }

  /** Uploads through an api. Rejects when the connection breaks. */
  upload(
    apiUrl: string,
    { content, mimeType = 'text/plain', fileName = 'note.txt', metadata }: FileUpload,
  ): Promise<Response> {
    const form = new FormData();
    if (metadata) form.set('metadata', JSON.stringify(metadata));
    form.set('file', new Blob([Buffer.from(content)], { type: mimeType }), fileName);
    return this.call(apiUrl, 'documents', { method: 'POST', body: form });
  }

  /** Calls a route of the Context. */
  call(apiUrl: string, route: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${apiUrl}/api/v1/${this.contextId}/${route}`, {
      ...init,
      headers: { ...(init.headers as Record<string, string> | undefined), authorization: `Bearer ${this.key}` },
      signal: AbortSignal.timeout(15_000),
    });
  }

  /** All rows of the outbox in the order of their acceptance; there are no others in this database. */
  async outbox(): Promise<OutboxRow[]> {
    const { rows } = await this.test.services.pool.query<OutboxRow>(
      'select * from core.outbox order by occurred_at, id',
    );
    return rows;
  }

  /** The only row of the outbox, once it has this status. */
  async onlyRow(status: string): Promise<OutboxRow> {
    return eventually(async () => {
      const rows = await this.outbox();
      const [row] = rows;
      if (rows.length !== 1 || row?.status !== status) throw new Error(`outbox: ${JSON.stringify(rows)}`);
      return row;
    });
  }

  async document(id: string): Promise<StoredDocument> {
    const document = await this.documents.find(id);
    if (!document) throw new Error(`there is no document ${id}`);
    return document;
  }

  /** The document, once it has this status. Thrown at once when it can no longer get there. */
  async documentBecomes(id: string, status: DocumentStatus, withinMs = 45_000): Promise<StoredDocument> {
    const done = await eventually(async () => {
      const document = await this.document(id);
      if (document.status !== status && document.status !== 'failed') {
        throw new Error(`${id} is ${document.status}; outbox: ${JSON.stringify(await this.outbox())}`);
      }
      return document;
    }, withinMs);
    if (done.status !== status) throw new Error(`${id} is ${done.status}: ${String(done.error)}`);
    return done;
  }

  async chunks(documentId: string): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    for (let page = 0; ; page += 1) {
      const answer = await this.documents.listChunks(documentId, page, 100);
      chunks.push(...answer.chunks);
      if (answer.chunks.length === 0) return chunks;
    }
  }

  /** Every chunk row of the Context, of whatever document, in the order of positions. */
  async chunkRows(): Promise<ChunkRow[]> {
    const [rows] = await query<[ChunkRow[]]>(
      this.session,
      `SELECT record::id(id) AS id, position, search_text,
         type::record('knowledge_vector', record::id(id)).embedding AS embedding FROM knowledge_chunk ORDER BY position`,
    );
    return rows;
  }

  /** Every job record of the Context. */
  async jobs(): Promise<Job[]> {
    const [rows] = await query<[Job[]]>(this.session, 'SELECT status, error ?? null AS error, attempts FROM job');
    return rows;
  }

  async job(documentId: string): Promise<Job> {
    const [rows] = await query<[Job[]]>(
      this.session,
      'SELECT status, error ?? null AS error, attempts FROM job WHERE subject = $documentId',
      { documentId },
    );
    const [job] = rows;
    if (!job || rows.length > 1) throw new Error(`${rows.length} jobs of ${documentId}`);
    return job;
  }

  /** Id of the newest run of a document's pipeline; null when there was never one. */
  async latestRun(documentId: string): Promise<string | null> {
    try {
      return (await this.temporal.workflow.getHandle(this.workflowId(documentId)).describe()).runId;
    } catch (error) {
      if (error instanceof Error && error.name === 'WorkflowNotFoundError') return null;
      throw error;
    }
  }

  /** Ids of all runs that match a visibility query, once there are `atLeast` of them: visibility lags a little. */
  async runs(visibilityQuery: string, atLeast: number): Promise<string[]> {
    return eventually(async () => {
      const runs: string[] = [];
      for await (const run of this.temporal.workflow.list({ query: visibilityQuery })) runs.push(run.runId);
      if (runs.length < atLeast) throw new Error(`${runs.length} runs of ${visibilityQuery}`);
      return runs;
    });
  }

  /** Ids of all runs of a document's pipeline. */
  runsOf(documentId: string): Promise<string[]> {
    return this.runs(`WorkflowId = "${this.workflowId(documentId)}"`, 1);
  }

  /** Every file of the object store, as keys; half-written ones and marks included. */
  async objectKeys(): Promise<string[]> {
    const root = fileURLToPath(this.test.settings.SPECTRA_OBJECT_STORE_URL ?? '');
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .sort();
  }

  /** Kills what still runs and removes the stores. */
  async close(): Promise<void> {
    await this.#roles.killAll();
    await this.connection.close();
    await this.test.close();
  }
}
