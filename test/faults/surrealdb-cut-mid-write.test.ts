import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newId, type DocumentAccepted } from '#libs/contracts/index.js';
import { ChunkWriter, DocumentRepository } from '#libs/documents/index.js';
import { ConversationWriter } from '#libs/memory/index.js';
import { localEmbeddings } from '#libs/models/index.js';
import { query, SurrealServer, type SurrealSession } from '#libs/stores/surreal/index.js';
import { CutProxy } from '../setup/cut-proxy.js';
import { FaultWorld } from './fault-world.js';

const CHUNKS = 12;
const TURNS = 4;
/** Connections cut for each kind of write. */
const RUNS = 15;

/** Where in the bytes of a write the cut comes, 1 being the end, and how much later. */
const cuts = fc.record({
  at: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(1)),
  delayMs: fc.integer({ min: 0, max: 12 }),
});

// Fault 25. fast-check prints the seed of a run that fails.
describe('a connection to SurrealDB that is cut in the middle of a write', () => {
  let world: FaultWorld;
  let proxy: CutProxy;
  let server: SurrealServer;
  /** Through the proxy; whatever is judged is read by the world's own connection. */
  let session: SurrealSession;
  beforeAll(async () => {
    world = await FaultWorld.open();
    const { settings, services } = world.test;
    const { endpoint = '', user = '', password = '' } = settings.SURREALDB_CONNECTION ?? {};
    proxy = await CutProxy.start(new URL(endpoint));
    server = new SurrealServer({
      url: `ws://127.0.0.1:${proxy.port}`,
      user,
      password,
      controlNamespace: settings.SPECTRA_SURREALDB_NAMESPACE,
    });
    const context = await services.registry.get(world.contextId);
    session = await server.session(context.ref);
  }, 60_000);
  afterAll(async () => {
    await server.close();
    await proxy.close();
    await world.close();
  });

  const event = (): DocumentAccepted => ({
    contextId: world.contextId,
    documentId: newId(Date.now(), Buffer.from(randomUUID().replaceAll('-', '').slice(0, 20), 'hex')),
    version: 1,
    storageKey: 'contexts/x/y',
    contentHash: `blake3:${randomUUID()}`,
    mimeType: 'text/plain',
    sizeBytes: 1,
    title: 'A title',
    source: 'tests',
    labels: ['team=red'],
    observedAt: null,
    acceptedAt: new Date().toISOString(),
  });
  const count = async (statement: string, bindings = {}): Promise<number> => {
    const [rows] = await query<[{ n: number }[]]>(world.session, statement, bindings);
    return rows[0]?.n ?? 0;
  };

  /**
   * Measures a write once whole, then cuts others short; `seen` says how much of one is there. Every cut write is
   * repeated until it gets through, as its owner would. The driver sends what was cut again by itself when it has
   * reconnected, so most writers hear nothing of it.
   */
  async function cutMany<T>(
    make: () => Promise<T>,
    write: (thing: T) => Promise<unknown>,
    seen: (thing: T, writes: number) => Promise<readonly [found: number, whole: number]>,
  ): Promise<void> {
    proxy.arm(undefined);
    const first = await make();
    await write(first);
    const bytes = proxy.sent;
    let writes = 1;
    const before = proxy.cuts;
    await fc.assert(
      fc.asyncProperty(cuts, async ({ at, delayMs }) => {
        const thing = await make();
        proxy.arm({ afterBytes: Math.ceil(bytes * at), delayMs });
        const through = await write(thing).then(
          () => true,
          () => false,
        );
        proxy.arm(undefined);
        const [found, whole] = await seen(thing, writes);
        expect([0, whole]).toContain(found);
        if (through) expect(found).toBe(whole);
        for (let tries = 0; ; tries += 1) {
          const done = await write(thing).then(
            () => true,
            () => false,
          );
          if (done) break;
          expect(tries).toBeLessThan(50);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        writes += 1;
        const [after, all] = await seen(thing, writes);
        expect(after).toBe(all);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(proxy.cuts - before).toBeGreaterThan(RUNS / 2);
  }

  it('leaves all chunks of a batch or none, and the same batch once more makes it whole', async () => {
    const embeddings = localEmbeddings();
    const vectors = await embeddings.embed(Array.from({ length: CHUNKS }, (_, n) => `Passage number ${n}`));
    const chunks = vectors.map((embedding, position) => ({
      position,
      text: `Passage number ${position}`,
      searchText: `Passage number ${position}`,
      section: null,
      page: null,
      charStart: 0,
      charEnd: 18,
      tokenCount: 3,
      embedding,
    }));
    await cutMany(
      async () => {
        const accepted = event();
        await world.documents.upsertAccepted(accepted, world.generation);
        return accepted.documentId;
      },
      (documentId) =>
        new ChunkWriter().write(
          session,
          { documentId, version: 1, title: 'A title', labels: [], embeddingModelId: embeddings.id },
          chunks,
        ),
      async (documentId) => [
        await count(
          `SELECT count() AS n FROM knowledge_chunk WHERE document = type::record('document', $documentId) GROUP ALL`,
          { documentId },
        ),
        CHUNKS,
      ],
    );
  }, 120_000);

  it('leaves the whole record of an accepted document or none', async () => {
    await cutMany(
      () => Promise.resolve(event()),
      (accepted) => new DocumentRepository(session).upsertAccepted(accepted, world.generation),
      async ({ documentId, title, labels }) => {
        const found = await world.documents.find(documentId);
        if (found) expect(found).toMatchObject({ title, labels, status: 'queued', version: 1 });
        return [found ? 1 : 0, 1];
      },
    );
  }, 120_000);

  it('leaves a session with all turns and passages of a conversation or nothing of it', async () => {
    const writer = new ConversationWriter(session, localEmbeddings());
    await cutMany(
      () => Promise.resolve(randomUUID()),
      (mark) =>
        writer.append({
          sessionId: null,
          messages: Array.from({ length: TURNS }, (_, n) => ({
            role: 'user',
            content: `${mark} ${n}`,
            observedAt: null,
          })),
          labels: [],
          memoryCategory: null,
          reservation: null,
          answer: () => ({}),
        }),
      async (mark) => {
        // A repeat without an Idempotency-Key is another session: each of them must be whole.
        const turns = await count('SELECT count() AS n FROM turn WHERE string::starts_with(content, $mark) GROUP ALL', {
          mark,
        });
        const chunks = await count(
          'SELECT count() AS n FROM memory_chunk WHERE string::starts_with(text, $mark) GROUP ALL',
          { mark },
        );
        const sessions = await count('SELECT count() AS n FROM session GROUP ALL');
        const allTurns = await count('SELECT count() AS n FROM turn GROUP ALL');
        expect([chunks, turns % TURNS, allTurns]).toEqual([turns, 0, sessions * TURNS]);
        return [turns, Math.max(turns, TURNS)];
      },
    );
  }, 120_000);
});
