import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '#libs/stores/surreal/index.js';
import { eventually, FaultWorld, type OutboxRow } from './fault-world.js';

const GOOD = 20;
const ATTEMPTS = 5;

// Fault 13, with a worker that is a process of its own. What a poison event does inside the relay is tested beside it.
describe('an event whose handling always fails', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open();
  });
  afterEach(() => world.close());

  async function publishPoison(): Promise<string> {
    const id = randomUUID();
    const { pool } = world.test.services;
    await pool.query(
      `insert into core.outbox (id, event_type, event_version, source, content_class, channel, generation, payload, idempotency_key)
       values ($1, 'document.accepted', 1, 'documents', 'OPERATIONS', $2, $3, $4, $5)`,
      [
        id,
        `outbox_gen_${world.generation}`,
        world.generation,
        {
          contextId: world.contextId,
          documentId: '01jd0000000000000000000000',
          version: 1,
          storageKey: 'contexts/x/y',
          contentHash: `blake3:${'0'.repeat(64)}`,
          mimeType: 'text/plain',
          sizeBytes: 1,
          title: 'Poison',
          source: 'tests',
          labels: [],
          observedAt: null,
          acceptedAt: new Date().toISOString(),
        },
        `document/${world.contextId}/poison/v1`,
      ],
    );
    return id;
  }

  async function rowOf(id: string): Promise<OutboxRow> {
    const { rows } = await world.test.services.pool.query<OutboxRow>('select * from core.outbox where id = $1', [id]);
    const [row] = rows;
    if (!row) throw new Error(`there is no event ${id}`);
    return row;
  }

  it('is tried exactly 5 times and becomes a dead letter with its error, and no other event waits for it', async () => {
    // The database refuses this one record each time, and no other.
    await query(
      world.session,
      `DEFINE EVENT poison ON document WHEN $event = 'CREATE' AND $after.title = 'Poison' THEN { THROW 'poisoned' }`,
    );
    const poison = await publishPoison();
    await world.startReady('worker');
    await eventually(async () => {
      expect((await rowOf(poison)).attempts).toBeGreaterThan(0);
    });
    const ids: string[] = [];
    for (let n = 0; n < GOOD; n += 1)
      ids.push((await world.accept({ content: `Healthy ${n}`, fileName: `${n}.txt` })).id);
    for (const id of ids) await world.documentBecomes(id, 'ready');
    const dead = await eventually(async () => {
      const row = await rowOf(poison);
      expect(row.status).toBe('failed');
      return row;
    }, 90_000);
    expect(dead.attempts).toBe(ATTEMPTS);
    expect(dead.last_error).toMatch(/^documents\.start-pipeline: /);
    expect(dead.last_error).toContain('poisoned');
    // Written after it had failed for the first time, delivered before it was tried for the last.
    const { rows } = await world.test.services.pool.query<{ before: number }>(
      `select count(*)::int as before from core.outbox where status = 'delivered' and delivered_at < $1`,
      [dead.claimed_at],
    );
    expect(rows[0]?.before).toBeGreaterThan(0);
    const others = (await world.outbox()).filter((row) => row.status !== 'failed');
    expect(others.map(({ status, attempts }) => ({ status, attempts }))).toEqual(
      ids.map(() => ({ status: 'delivered', attempts: 1 })),
    );
  }, 120_000);
});
