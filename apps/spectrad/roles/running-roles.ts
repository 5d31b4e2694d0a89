import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { newId } from '#libs/contracts/index.js';
import { WorkerHeartbeat } from '#libs/generations/index.js';
import { startApi, type ApiServer, type BindAddress } from '../../api/api-server.js';
import type { HealthProbe } from '../../api/health/health.service.js';
import { startScheduler, type RunningScheduler } from '../../scheduler/scheduler.js';
import { relayProbe } from '../../worker/relay-probe.js';
import { startWorker, type RunningWorker } from '../../worker/worker.js';
import { openTemporalClient } from '../../../temporal/connection.js';
import type { Services } from '../services.js';
import { temporalOptions } from '../temporal-options.js';

export type RoleName = 'api' | 'worker' | 'scheduler';

export interface RolesInput {
  readonly roles: readonly RoleName[];
  readonly bind: BindAddress;
  /** Aborts a start that is still waiting for a store. */
  readonly signal: AbortSignal;
}

/** The roles that run in this process. */
export interface RunningRoles {
  readonly apiUrl: string | null;
  /** Rejects when a role ends by itself. */
  readonly failed: Promise<never>;
  /** Traffic off first, then the relay and the workers, the scheduler, and the heartbeat row last. */
  stop(): Promise<void>;
}

/** Starts roles over shared services: the worker before the API, so that nothing is accepted that nobody does. */
export async function startRoles(services: Services, { roles, bind, signal }: RolesInput): Promise<RunningRoles> {
  const { settings, logger, generation, build } = services;
  const workerId = `${hostname()}-${newId(Date.now(), randomBytes(10))}`;
  const heartbeat = new WorkerHeartbeat({
    url: settings.DATABASE_URL ?? '',
    workerId,
    generation,
    environment: settings.SPECTRA_ENVIRONMENT,
    host: hostname(),
    pid: process.pid,
    roles: [...roles],
    version: build.version,
    heartbeatMs: settings.SPECTRA_HEARTBEAT_MS,
    logger,
  });
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse()) {
      await end().catch((error: unknown) => {
        logger.error({ err: error }, 'a role did not stop cleanly');
      });
    }
  };
  try {
    await heartbeat.start();
    stops.push(() => heartbeat.stop());
    let worker: RunningWorker | undefined;
    if (roles.includes('worker')) {
      worker = await startWorker({ services, temporal: temporalOptions(settings), workerId, heartbeat, signal });
      stops.push(worker.stop);
    }
    if (roles.includes('scheduler')) {
      const { client, connection } = openTemporalClient(temporalOptions(settings));
      const scheduler: RunningScheduler = startScheduler(services, client);
      stops.push(async () => {
        await scheduler.stop();
        await connection.close();
      });
    }
    let api: ApiServer | undefined;
    if (roles.includes('api')) {
      const probes: Record<string, HealthProbe> = worker ? { relay: relayProbe(worker.relayStatus) } : {};
      api = await startApi(services, bind, probes);
      stops.push(api.stop);
    }
    return { apiUrl: api?.url ?? null, failed: worker?.failed ?? new Promise<never>(() => undefined), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
