import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import pg from 'pg';
import { activeGeneration } from '#libs/generations/index.js';
import { keepSchedules } from '../../temporal/schedules.js';
import type { Services } from '../spectrad/services.js';

export interface SchedulerTiming {
  /** How often the declared schedules are compared with Temporal's. */
  readonly intervalMs: number;
  /** How often a scheduler in waiting asks for the lock, and one that lost a store tries again. */
  readonly retryMs: number;
}

const TIMING: SchedulerTiming = { intervalMs: 30_000, retryMs: 2_000 };
/** One scheduler is active per database: whoever holds this advisory lock. "spectra" in ASCII, truncated. */
const LOCK = 0x7370_6563;

export interface RunningScheduler {
  stop(): Promise<void>;
}

/**
 * Keeps Temporal's schedules equal to the declared ones for the active generation. Any number may run; the lock is
 * held by one connection, so that it passes on when its process dies.
 */
export function startScheduler(
  services: Services,
  client: Client,
  { intervalMs, retryMs }: SchedulerTiming = TIMING,
): RunningScheduler {
  const { logger, settings, pool } = services;
  const stopping = new AbortController();

  async function keep(): Promise<void> {
    const generation = await activeGeneration(pool);
    if (generation === null) return;
    for (const [schedule, change] of await keepSchedules(client, generation)) {
      if (change !== 'unchanged') logger.info({ schedule, change, active_generation: generation }, 'schedule kept');
    }
  }

  async function term(): Promise<void> {
    const connection = new pg.Client({
      connectionString: settings.DATABASE_URL,
      application_name: 'spectrad-scheduler',
    });
    const lost = new AbortController();
    connection.on('error', (error) => {
      lost.abort(error);
    });
    await connection.connect();
    try {
      for (;;) {
        const { rows } = await connection.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [LOCK]);
        if (rows[0]?.held) await keep();
        await sleep(rows[0]?.held ? intervalMs : retryMs, undefined, {
          signal: AbortSignal.any([stopping.signal, lost.signal]),
        });
      }
    } finally {
      await connection.end().catch(() => undefined);
    }
  }

  const stopped = (): boolean => stopping.signal.aborted;

  async function run(): Promise<void> {
    while (!stopped()) {
      try {
        await term();
      } catch (error) {
        if (stopped()) return;
        logger.warn({ err: error }, 'the scheduler lost a store and tries again');
        await sleep(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
