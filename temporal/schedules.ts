import { ScheduleNotFoundError, ScheduleOverlapPolicy, type Client, type ScheduleOptions } from '@temporalio/client';
import { taskQueue } from '#libs/generations/index.js';
import { generationAttributes } from './search-attributes.js';

interface DeclaredSchedule {
  readonly id: string;
  readonly workflow: string;
  readonly every: '1 hour' | '1 minute';
  readonly note: string;
}

/** All periodic work. Everything a schedule is, follows from this table and the active generation. */
export const SCHEDULES: readonly DeclaredSchedule[] = [
  {
    id: 'sweep/expire-idempotency',
    workflow: 'expireIdempotency',
    every: '1 hour',
    note: 'Removes Idempotency-Key records past their window from every Context.',
  },
];

/** A run that was started on a generation without workers must not block its schedule for good. */
const RUN_TIMEOUT = '10 minutes';

function optionsFor(schedule: DeclaredSchedule, generation: number): ScheduleOptions {
  return {
    scheduleId: schedule.id,
    spec: { intervals: [{ every: schedule.every }] },
    action: {
      type: 'startWorkflow',
      workflowType: schedule.workflow,
      workflowId: schedule.id,
      args: [{ generation }],
      taskQueue: taskQueue('sweeps', generation),
      workflowRunTimeout: RUN_TIMEOUT,
      typedSearchAttributes: generationAttributes(generation),
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
    state: { note: schedule.note },
  };
}

export type ScheduleChange = 'created' | 'moved' | 'unchanged';

async function keepOne(client: Client, schedule: DeclaredSchedule, generation: number): Promise<ScheduleChange> {
  const handle = client.schedule.getHandle(schedule.id);
  const wanted = optionsFor(schedule, generation);
  try {
    const current = await handle.describe();
    if (current.action.taskQueue === wanted.action.taskQueue) return 'unchanged';
    await handle.update((previous) => ({
      ...previous,
      ...wanted,
      action: { ...wanted.action, args: [{ generation }] },
      // An operator's pause, and the reason noted for it, outlive a deploy.
      state: previous.state,
    }));
    return 'moved';
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    await client.schedule.create(wanted);
    return 'created';
  }
}

/** Makes Temporal's schedules equal to the declared ones for a generation. @returns what was done, by schedule id. */
export async function keepSchedules(client: Client, generation: number): Promise<Map<string, ScheduleChange>> {
  const changes = new Map<string, ScheduleChange>();
  for (const schedule of SCHEDULES) changes.set(schedule.id, await keepOne(client, schedule, generation));
  return changes;
}
