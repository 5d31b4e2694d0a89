import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultWorld } from './fault-world.js';

const DOCUMENTS = 20;
const GRACE_MS = 8_000;

// Fault 27, for the worker.
describe('a SIGTERM to a worker under load', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open({ SPECTRA_SHUTDOWN_GRACE_MS: String(GRACE_MS), SPECTRA_CLAIM_TTL_MS: '20000' });
  });
  afterEach(() => world.close());

  async function workerStates(): Promise<string[]> {
    const { rows } = await world.test.services.pool.query<{ state: string }>(
      'select state from core.workers order by started_at',
    );
    return rows.map((row) => row.state);
  }

  it('ends it with 0 within the grace and nothing leased, and another worker finishes everything', async () => {
    // Slow enough that claims and activities are sure to be in the air when the signal comes.
    const first = await world.startReady('worker', 'before-commit=delay:500,embed-batch=delay:1500');
    const ids: string[] = [];
    for (let n = 0; n < DOCUMENTS; n += 1) {
      ids.push((await world.accept({ content: `Document ${n} meets a shutdown.`, fileName: `${n}.txt` })).id);
    }
    await eventually(async () => {
      const page = await world.documents.list({ page: 0, pageSize: 100, status: 'embedding' });
      expect(page.total).toBeGreaterThan(0);
    });
    // Another event, so that a row is leased at the moment of the signal.
    ids.push((await world.accept({ content: 'The last one before the signal.' })).id);
    await eventually(async () => {
      expect((await world.outbox()).map((row) => row.status)).toContain('in_flight');
    });
    const signalled = performance.now();
    first.signal('SIGTERM');
    expect(await first.exitWithin(GRACE_MS)).toEqual({ code: 0, signal: null });
    expect(performance.now() - signalled).toBeLessThan(GRACE_MS);

    const rows = await world.outbox();
    expect(rows.filter((row) => row.status === 'in_flight' || row.claim_expires_at !== null)).toEqual([]);
    expect(await workerStates()).toEqual(['exited']);
    const ready = await world.documents.list({ page: 0, pageSize: 100, status: 'ready' });
    expect(ready.total).toBeLessThan(ids.length); // else there was no load to speak of

    await world.startReady('worker');
    for (const id of ids) await world.documentBecomes(id, 'ready');
    await eventually(async () => {
      expect((await world.outbox()).map(({ status, attempts }) => ({ status, attempts }))).toEqual(
        ids.map(() => ({ status: 'delivered', attempts: 1 })),
      );
    });
    expect(await world.chunkRows()).toHaveLength(ids.length);
    expect(await workerStates()).toEqual(['exited', 'running']);
  }, 120_000);

  it('does not wait for activities that outlast the grace: another worker does them again', async () => {
    const first = await world.startReady('worker', 'embed-batch=delay:60000');
    const { id } = await world.accept({ content: 'Embedded twice, stored once.' });
    await world.documentBecomes(id, 'embedding');
    first.signal('SIGTERM');
    expect(await first.exitWithin(GRACE_MS)).toEqual({ code: 0, signal: null });

    await world.startReady('worker');
    await world.documentBecomes(id, 'ready');
    expect(await world.chunkRows()).toHaveLength(1);
    expect(await world.runsOf(id)).toHaveLength(1);
  }, 90_000);
});
