import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultWorld } from './fault-world.js';

// Fault 2.
describe('a worker that is killed after the effect of an event and before it is marked delivered', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open();
  });
  afterEach(() => world.close());

  it('leaves one effect: the redelivery finds the pipeline finished and starts none', async () => {
    // The mark waits so long that the whole pipeline is over before it: the widest window there is.
    const doomed = await world.startReady('worker', 'before-commit=delay:60000');
    const { id } = await world.accept({ content: 'Done, and nobody has noted it yet.' });
    const first = await world.documentBecomes(id, 'ready');
    const run = await world.latestRun(id);
    await eventually(async () => {
      const { status } = await world.temporal.workflow.getHandle(world.workflowId(id)).describe();
      expect(status.name).toBe('COMPLETED');
    });
    expect(await world.outbox()).toMatchObject([{ status: 'in_flight', attempts: 1 }]);
    await doomed.kill();

    await world.startReady('worker');
    const row = await world.onlyRow('delivered');
    expect(row.attempts).toBe(2);
    expect(await world.latestRun(id)).toBe(run);
    expect(await world.runsOf(id)).toEqual([run]);
    // The very record of the first run: a second one would have written its times again.
    expect(await world.document(id)).toEqual(first);
    expect(await world.jobs()).toEqual([{ status: 'succeeded', error: null, attempts: 1 }]);
    expect(await world.chunkRows()).toHaveLength(first.chunkCount ?? -1);
  }, 60_000);

  it('delivers a handled event again without any effect, even when Temporal would start its workflow anew', async () => {
    await world.startReady('worker', 'embed=delay:60000');
    const { id } = await world.accept({ content: 'Already handled; the gate is closed.' });
    await world.documentBecomes(id, 'embedding');
    await world.onlyRow('delivered');
    const run = await world.latestRun(id);
    // The reuse policy allows another run after a terminated one: only core.event_handled refuses it now.
    await world.temporal.workflow.getHandle(world.workflowId(id)).terminate('by the test');

    await world.test.services.pool.query(
      `update core.outbox set status = 'pending', delivered_at = null, available_at = now()`,
    );
    await eventually(async () => {
      expect(await world.outbox()).toMatchObject([{ status: 'delivered', attempts: 2 }]);
    });
    expect(await world.latestRun(id)).toBe(run);
    expect(await world.runsOf(id)).toEqual([run]);
  }, 60_000);
});
