import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { createSweepActivities } from '../activities/sweep-activities.js';
import { taskQueue } from '#libs/generations/index.js';
import { keysOf, putExpiredAndLive } from '../temporal/testing/idempotency-records.js';
import { portableHistory, writeHistory } from '../temporal/testing/recorded-history.js';
import { TestTemporal } from '../temporal/testing/test-temporal.js';
import { testContext, testServices, type TestServices } from '../test/setup/services-for-test.js';
import type { expireIdempotency } from './index.js';

/** Set by scripts/record-histories.mjs: the history of this run becomes the recorded one. */
const RECORDING = process.env['SPECTRA_RECORD_HISTORIES'] === '1';

let temporal: TestTemporal;
let test: TestServices;

beforeAll(async () => {
  test = await testServices();
  temporal = await TestTemporal.open(test.environment['TEMPORAL_ADDRESS'] ?? '');
}, 60_000);

afterAll(async () => {
  await temporal.close();
  await test.close();
});

describe('expireIdempotency', () => {
  it('removes the records past their window from every Context and keeps the others', async () => {
    const { services } = test;
    const contexts = [await testContext(services), await testContext(services)];
    for (const { contextId } of contexts) await putExpiredAndLive(services, contextId);
    const queue = taskQueue('sweeps', services.generation);
    const handle = await temporal.client.workflow.start<typeof expireIdempotency>('expireIdempotency', {
      workflowId: `sweep/${randomUUID()}`,
      taskQueue: queue,
      args: [{ generation: services.generation }],
    });
    const result = await temporal.withWorker(queue, createSweepActivities(services), () => handle.result());
    expect(result).toEqual({ removed: 2 });
    for (const { contextId } of contexts) expect(await keysOf(services, contextId)).toEqual(['live']);
    const history = await portableHistory(handle);
    await Worker.runReplayHistory({ workflowBundle: temporal.bundle }, history);
    if (RECORDING) await writeHistory('expireIdempotency', 'success', history);
  });
});
