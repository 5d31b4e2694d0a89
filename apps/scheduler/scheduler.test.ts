import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSweepActivities } from '../../activities/sweep-activities.js';
import { activate, allocateGeneration, taskQueue } from '#libs/generations/index.js';
import { keysOf, putExpiredAndLive } from '../../temporal/testing/idempotency-records.js';
import { TestTemporal } from '../../temporal/testing/test-temporal.js';
import { SCHEDULES } from '../../temporal/schedules.js';
import { eventually } from '../../test/setup/relay-for-test.js';
import { testContext, testServices, type TestServices } from '../../test/setup/services-for-test.js';
import { startScheduler, type RunningScheduler } from './scheduler.js';

/** Schedules are global in a namespace; this file is the only user of this one. */
const NAMESPACE = 'schedules-test';
const ID = 'sweep/expire-idempotency';
const TIMING = { intervalMs: 50, retryMs: 20 };

let test: TestServices;
let temporal: TestTemporal;
const running: RunningScheduler[] = [];

beforeAll(async () => {
  test = await testServices();
  temporal = await TestTemporal.open(test.environment['TEMPORAL_ADDRESS'] ?? '', NAMESPACE);
  await removeSchedules();
}, 60_000);

afterAll(async () => {
  await Promise.all(running.map((scheduler) => scheduler.stop()));
  await removeSchedules();
  await temporal.close();
  await test.close();
});

async function removeSchedules(): Promise<void> {
  for await (const { scheduleId } of temporal.client.schedule.list()) {
    await temporal.client.schedule.getHandle(scheduleId).delete();
  }
  // The list lags behind; a schedule of an earlier run that it does not show yet would be "unchanged" here.
  for (const { id } of SCHEDULES) {
    await temporal.client.schedule
      .getHandle(id)
      .delete()
      .catch(() => undefined);
  }
}

function start(): RunningScheduler {
  const scheduler = startScheduler(test.services, temporal.client, TIMING);
  running.push(scheduler);
  return scheduler;
}

async function nextGeneration(): Promise<number> {
  const { pool } = test.services;
  const generation = await allocateGeneration(pool, { reference: 'next', tag: null, deployedBy: 'test' });
  await activate(pool, generation);
  return generation;
}

/** The task queue that a schedule starts its runs on. */
async function queueOf(id: string): Promise<string> {
  const { action } = await temporal.client.schedule.getHandle(id).describe();
  return action.taskQueue;
}

async function lockHolders(): Promise<number[]> {
  const { rows } = await test.services.pool.query<{ pid: number }>(
    `select l.pid from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.granted and a.application_name = 'spectrad-scheduler' and a.datname = current_database()`,
  );
  return rows.map(({ pid }) => pid);
}

async function schedulerConnections(): Promise<number> {
  const { rows } = await test.services.pool.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
      where application_name = 'spectrad-scheduler' and datname = current_database()`,
  );
  return rows[0]?.n ?? 0;
}

describe('the scheduler', () => {
  let first: RunningScheduler;

  it('makes nothing before a generation is active, then every declared schedule on its queue', async () => {
    const { pool, generation } = test.services;
    first = start();
    await eventually(async () => {
      expect(await lockHolders()).toHaveLength(1);
    });
    await expect(temporal.client.schedule.getHandle(ID).describe()).rejects.toThrow(/not found/i);
    await activate(pool, generation);
    for (const { id } of SCHEDULES) {
      await eventually(async () => {
        expect(await queueOf(id)).toBe(taskQueue('sweeps', generation));
      });
    }
    const { action, spec } = await temporal.client.schedule.getHandle(ID).describe();
    expect(action).toMatchObject({ workflowType: 'expireIdempotency', args: [{ generation }] });
    expect(spec.intervals).toMatchObject([{ every: 3_600_000 }]);
  });

  it('leaves a schedule alone that is as declared', async () => {
    const handle = temporal.client.schedule.getHandle(ID);
    const before = await handle.describe();
    const looks: number[] = [];
    const counting = { ...test.services, pool: countingReads(looks) };
    await first.stop();
    first = startScheduler(counting, temporal.client, TIMING);
    running.push(first);
    await eventually(() => {
      expect(looks.length).toBeGreaterThan(3);
    });
    const after = await handle.describe();
    expect(after.info.lastUpdatedAt).toEqual(before.info.lastUpdatedAt);
    expect(after.info.createdAt).toEqual(before.info.createdAt);
  });

  it('moves the schedules when another generation is activated, a paused one stays paused', async () => {
    const handle = temporal.client.schedule.getHandle(ID);
    await handle.pause('an operator looks into it');
    const generation = await nextGeneration();
    await eventually(async () => {
      expect(await queueOf(ID)).toBe(taskQueue('sweeps', generation));
    });
    const { state, action } = await handle.describe();
    expect(action).toMatchObject({ args: [{ generation }] });
    expect(state).toMatchObject({ paused: true, note: 'an operator looks into it' });
    await handle.unpause();
    // Back to an older generation works the same way.
    await activate(test.services.pool, test.services.generation);
    await eventually(async () => {
      expect(await queueOf(ID)).toBe(taskQueue('sweeps', test.services.generation));
    });
    expect((await handle.describe()).state.paused).toBe(false);
  });

  it('fires on a worker of the active generation, which removes expired records only', async () => {
    const { services } = test;
    const { contextId } = await testContext(services);
    await putExpiredAndLive(services, contextId);
    const queue = taskQueue('sweeps', services.generation);
    const left = await temporal.withWorker(queue, createSweepActivities(services), async () => {
      await temporal.client.schedule.getHandle(ID).trigger();
      return eventually(async () => {
        const { info } = await temporal.client.schedule.getHandle(ID).describe();
        const { action } = info.recentActions.at(-1) ?? {};
        if (action?.type !== 'startWorkflow') throw new Error('the schedule has not fired');
        const { workflowId, firstExecutionRunId } = action.workflow;
        const run = temporal.client.workflow.getHandle(workflowId, firstExecutionRunId);
        expect(await run.result()).toEqual({ removed: 1 });
        return keysOf(services, contextId);
      });
    });
    expect(left).toEqual(['live']);
  });

  it('works in one process at a time and passes to the next when that one stops', async () => {
    const second = start();
    await eventually(async () => {
      expect(await schedulerConnections()).toBe(2);
    });
    const [holder, ...others] = await lockHolders();
    expect(others).toEqual([]);
    await first.stop();
    await eventually(async () => {
      const holders = await lockHolders();
      expect(holders).toHaveLength(1);
      expect(holders[0]).not.toBe(holder);
    });
    const generation = await nextGeneration();
    await eventually(async () => {
      expect(await queueOf(ID)).toBe(taskQueue('sweeps', generation));
    });
    await second.stop();
    expect(await lockHolders()).toEqual([]);
  });
});

/** The pool of the services, noting every read of the active generation: one for each look at the schedules. */
function countingReads(looks: number[]): TestServices['services']['pool'] {
  return new Proxy(test.services.pool, {
    get(target, property) {
      if (property === 'query') looks.push(performance.now());
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
