import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultWorld } from './fault-world.js';

// Fault 1.
describe('a worker that is killed between claiming an event and its effect', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open();
  });
  afterEach(() => world.close());

  it('has its event claimed again after the lease, with one effect and two attempts', async () => {
    const doomed = await world.start('worker', 'after-claim=kill');
    const { id } = await world.accept({ content: 'The lease of a dead worker runs out.' });
    expect(await doomed.exitWithin(30_000)).toEqual({ code: null, signal: 'SIGKILL' });
    const [held] = await world.outbox();
    expect(held).toMatchObject({ status: 'in_flight', attempts: 1 });
    expect(await world.latestRun(id)).toBeNull();

    await world.startReady('worker');
    await world.documentBecomes(id, 'ready');
    const row = await world.onlyRow('delivered');
    expect(row.attempts).toBe(2);
    expect(row.claimed_by).not.toBe(held?.claimed_by);
    expect(row.claimed_at?.getTime()).toBeGreaterThanOrEqual(held?.claim_expires_at?.getTime() ?? Infinity);
    expect(await world.runsOf(id)).toEqual([await world.latestRun(id)]);
    expect(await world.jobs()).toEqual([{ status: 'succeeded', error: null, attempts: 1 }]);
  }, 60_000);
});
