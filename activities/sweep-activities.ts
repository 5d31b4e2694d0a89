import { heartbeat } from '@temporalio/activity';
import type { ContextRegistry } from '#libs/access/index.js';
import { IdempotencyRepository } from '#libs/memory/index.js';
import type { SurrealServer } from '#libs/stores/surreal/index.js';
import type { Logger } from '#libs/telemetry/index.js';
import { runActivity } from './run-activity.js';

export interface SweepActivityDependencies {
  readonly server: SurrealServer;
  readonly registry: ContextRegistry;
  readonly logger: Logger;
}

/** What periodic work does to the stores. */
export function createSweepActivities({ server, registry, logger }: SweepActivityDependencies) {
  return {
    /** Removes Idempotency-Key records past their window from every Context. @returns how many. */
    expireIdempotencyRecords: (): Promise<number> =>
      runActivity(logger, async () => {
        let removed = 0;
        for (const context of await registry.list()) {
          removed += await new IdempotencyRepository(await server.session(context.ref)).expire();
          heartbeat(removed);
        }
        return removed;
      }),
  };
}

export type SweepActivities = ReturnType<typeof createSweepActivities>;
