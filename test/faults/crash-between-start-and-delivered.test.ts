import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultWorld } from './fault-world.js';

// Fault 3.
describe('a worker that is killed between the start of a workflow and the mark of its event', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open();
  });
  afterEach(() => world.close());

  it('leaves exactly one run of the workflow, and the event ends delivered', async () => {
    const doomed = await world.start('worker', 'after-start=kill');
    const { id } = await world.accept({ content: 'Started once, whoever is told about it.' });
    expect(await doomed.exitWithin(30_000)).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await world.outbox()).toMatchObject([{ status: 'in_flight', attempts: 1 }]);
    const run = await world.latestRun(id);
    expect(run).not.toBeNull();

    await world.startReady('worker');
    const row = await world.onlyRow('delivered');
    expect(row.attempts).toBe(2);
    await world.documentBecomes(id, 'ready');
    expect(await world.latestRun(id)).toBe(run);
    expect(await world.runsOf(id)).toEqual([run]);
    expect(await world.jobs()).toHaveLength(1);
  }, 90_000);
});
