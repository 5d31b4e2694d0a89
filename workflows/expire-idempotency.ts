import { proxyActivities } from '@temporalio/workflow';
import type { SweepActivities } from '../activities/sweep-activities.js';
import type { SweepInput } from '#libs/contracts/index.js';

const { expireIdempotencyRecords } = proxyActivities<SweepActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '5 seconds', maximumInterval: '1 minute', maximumAttempts: 5 },
});

/** Removes Idempotency-Key records past their window from every Context. */
export async function expireIdempotency(_input: SweepInput): Promise<{ removed: number }> {
  return { removed: await expireIdempotencyRecords() };
}
