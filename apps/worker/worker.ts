import { Relay, type RelayStatus } from '#libs/events/index.js';
import { WorkerHeartbeat } from '#libs/generations/index.js';
import { connectWorker, openTemporalClient, type TemporalOptions } from '../../temporal/connection.js';
import { registerSearchAttributes } from '../../temporal/register-search-attributes.js';
import type { Services } from '../spectrad/services.js';
import { startDocumentPipeline } from './document-accepted.js';
import { installRuntime, startTemporalWorkers } from './temporal-workers.js';
import { relayOptions } from './relay-options.js';

/** The worker of one process: outbox relay and Temporal workers of its generation, and its heartbeat row. */
export interface RunningWorker {
  /** Rejects when a part ends by itself; the process should then stop and exit non-zero. */
  readonly failed: Promise<never>;
  readonly relayStatus: () => RelayStatus;
  readonly stop: () => Promise<void>;
}

export interface WorkerInput {
  readonly services: Services;
  readonly temporal: TemporalOptions;
  readonly workerId: string;
  readonly heartbeat: WorkerHeartbeat;
  readonly signal: AbortSignal;
}

/** Starts the Temporal workers first and the relay last: nothing is claimed before it can be done. */
export async function startWorker({
  services,
  temporal,
  workerId,
  heartbeat,
  signal,
}: WorkerInput): Promise<RunningWorker> {
  installRuntime(services);
  const { client, connection } = openTemporalClient(temporal);
  const native = await connectWorker(temporal, signal);
  await registerSearchAttributes(connection, temporal.namespace);
  const workers = await startTemporalWorkers(services, native);
  let fail: (error: Error) => void = () => undefined;
  const relayFailed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const relay = new Relay(
    relayOptions({ services, workerId, heartbeat, handlers: [startDocumentPipeline(services, client)], onFatal: fail }),
  );
  await relay.start();
  const failed = Promise.race([workers.failed, relayFailed]);
  failed.catch(() => undefined);
  return {
    failed,
    relayStatus: () => relay.status(),
    stop: async () => {
      // Side by side: one after the other, both would need more than the grace.
      await Promise.all([relay.stop({ graceMs: services.settings.SPECTRA_SHUTDOWN_GRACE_MS / 2 }), workers.stop()]);
      await connection.close();
      // Refuses while an activity that was left behind still holds it; it ends with the process then.
      await native.close().catch(() => undefined);
    },
  };
}
