import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { MockActivityEnvironment } from '@temporalio/testing';
import { RecordId } from 'surrealdb';
import { loadSettings } from '#libs/config/index.js';
import { newId } from '#libs/contracts/index.js';
import { DocumentRepository, ExtractionPool, storageKeys } from '#libs/documents/index.js';
import { query } from '#libs/stores/surreal/index.js';
import { createLogger } from '#libs/telemetry/index.js';
import { createDocumentActivities } from '../dist/activities/document-activities.js';
import { openPool, openServices } from '../dist/apps/spectrad/services.js';

const GENERATION = 1;

/**
 * The stages of the document pipeline called one after the other in this process, on the stack's own stores: the very
 * activities that its worker runs, without outbox, Temporal or HTTP around them.
 */
export class InlinePipeline {
  #services;
  #extraction;
  #activities;
  #close;

  constructor(stack, folder) {
    const settings = loadSettings({
      ...stack.environment,
      SPECTRA_DATA_DIR: folder,
      SPECTRA_OBJECT_STORE_URL: pathToFileURL(join(folder, 'inline-objects')).href,
    });
    const logger = createLogger({ level: 'warn', role: 'bench' });
    this.#services = openServices({
      settings,
      build: { version: '0.0.0-bench', sha: 'bench', builtAt: '', codeHash: '', lockHash: '' },
      generation: GENERATION,
      deployedAt: '',
      logger,
      pool: openPool(settings, 'bench', logger),
    });
    this.#extraction = new ExtractionPool({
      threads: settings.SPECTRA_EXTRACTION_THREADS,
      memoryMb: settings.SPECTRA_EXTRACTION_MEMORY_MB,
      deadlineMs: settings.SPECTRA_EXTRACTION_DEADLINE_MS,
    });
    const embeddings = this.#extraction.localEmbeddings();
    this.#activities = createDocumentActivities({ ...this.#services, extraction: this.#extraction, embeddings });
    this.#close = stack.closing(async () => {
      await this.#extraction.close();
      await this.#services.close();
    });
  }

  /** A session on the database of a Context. */
  async session(contextId) {
    const context = await this.#services.registry.find(contextId);
    return this.#services.server.session(context.ref);
  }

  /** Stores the bytes, as the accept does; what follows is what happens after the accept. */
  async accept(contextId, bytes, fileName, mimeType) {
    const documentId = newId(Date.now(), randomBytes(10));
    const stored = await this.#services.objects.putHashed(
      Readable.from([bytes]),
      (hash) => storageKeys.original(contextId, hash, documentId),
      { maxBytes: bytes.length },
    );
    return {
      contextId,
      documentId,
      version: 1,
      storageKey: stored.key,
      contentHash: stored.contentHash,
      mimeType,
      sizeBytes: stored.sizeBytes,
      title: fileName,
      source: fileName,
      labels: [],
      observedAt: null,
      acceptedAt: new Date().toISOString(),
    };
  }

  /** Everything from an accepted document to `ready`. */
  async process(accepted) {
    await this.#run('processDocument', await this.#record(accepted));
  }

  /** The stages that write passages, on passages that are given: how a large Context is filled without the way there. */
  async load(contextId, title, passages) {
    const accepted = await this.accept(contextId, Buffer.from(`${title}\n${passages.join('\n')}`), title, 'text/plain');
    const input = await this.#record(accepted);
    let charStart = title.length + 1;
    const chunks = passages.map((text, position) => {
      const chunk = { position, text, section: null, page: null, charStart, charEnd: charStart + text.length };
      charStart += text.length + 1;
      return { ...chunk, tokenCount: Math.ceil(text.length / 4) };
    });
    // As an attempt that was cut off after the reading leaves it, so that the next one begins with the writing.
    const lines = [{ title: null, date: null, pageCount: null, chunkCount: chunks.length }, ...chunks];
    const key = storageKeys.prepared(contextId, accepted.documentId, 1);
    await this.#services.objects.put(key, Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
    await this.#run('processDocument', input, { attempt: 2 });
  }

  async close() {
    await this.#close();
  }

  async #record(accepted) {
    const session = await this.session(accepted.contextId);
    await new DocumentRepository(session).upsertAccepted(accepted, GENERATION);
    return { ...accepted, generation: GENERATION };
  }

  async #run(name, input, info = {}) {
    const answer = await new MockActivityEnvironment(info).run(this.#activities[name], input);
    if (answer === 'gone') throw new Error(`${name}: the document is gone`);
    return answer;
  }
}

/** Tells when documents become ready, by one small query for all that are waited for: the api is not asked meanwhile. */
export class ReadyWatch {
  #waiting = new Map();
  #timer;

  constructor(session, everyMs = 20) {
    this.session = session;
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  /** Resolves to the wall-clock time at which the document became ready. */
  ready(id) {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, since: performance.now() }));
  }

  stop() {
    clearInterval(this.#timer);
  }

  #looking = false;

  async #look() {
    if (this.#looking || this.#waiting.size === 0) return;
    this.#looking = true;
    try {
      const [rows] = await query(
        this.session,
        'SELECT record::id(id) AS id, status, error, processing_completed_at FROM $ids',
        { ids: [...this.#waiting.keys()].map((id) => new RecordId('document', id)) },
      );
      for (const row of rows) this.#settle(row);
      for (const [id, { reject, since }] of this.#waiting) {
        if (performance.now() - since < 120_000) continue;
        this.#waiting.delete(id);
        reject(new Error(`the document ${id} was not ready after two minutes`));
      }
    } catch (error) {
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    } finally {
      this.#looking = false;
    }
  }

  #settle({ id, status, error, processing_completed_at: at }) {
    if (status !== 'ready' && status !== 'failed') return;
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (status === 'failed') reject(new Error(`a document failed: ${error}`));
    else resolve(new Date(at).getTime());
  }
}
