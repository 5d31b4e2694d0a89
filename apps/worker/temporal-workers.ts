import { DefaultLogger, Runtime, Worker, type NativeConnection } from '@temporalio/worker';
import { createDocumentActivities } from '../../activities/document-activities.js';
import { createSweepActivities } from '../../activities/sweep-activities.js';
import { ExtractionPool } from '#libs/documents/index.js';
import { taskQueue } from '#libs/generations/index.js';
import { workflowBundlePath } from '../../temporal/workflow-bundle.js';
import type { Services } from '../spectrad/services.js';

/** Signals belong to the role, which stops its parts in order; the SDK must not stop by itself. */
export function installRuntime(services: Pick<Services, 'logger'>): void {
  const { logger } = services;
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      const details = meta?.['error'] instanceof Error ? { err: meta['error'] } : {};
      if (level === 'ERROR') logger.error({ temporal: message, ...details }, 'temporal worker');
      else logger.warn({ temporal: message, ...details }, 'temporal worker');
    }),
    telemetryOptions: { logging: { forward: {}, filter: 'error' } },
  });
}

/** The workers of this generation's queues. `failed` rejects when one ends by itself. */
export interface TemporalWorkers {
  readonly failed: Promise<never>;
  /**
   * Stops polling, lets what runs finish within half the grace, then cancels it, and waits no longer than three quarters
   * of the grace: another worker resumes it. The process must end afterwards.
   */
  stop(): Promise<void>;
}

/** Starts one worker per family of queues, for this generation only. */
export async function startTemporalWorkers(services: Services, connection: NativeConnection): Promise<TemporalWorkers> {
  const { generation, settings } = services;
  const workflowBundle = { codePath: await workflowBundlePath() };
  const common = {
    connection,
    namespace: settings.TEMPORAL_NAMESPACE,
    workflowBundle,
    shutdownGraceTime: settings.SPECTRA_SHUTDOWN_GRACE_MS / 2,
    // Activities that do not heed their cancellation are left behind: another worker does them again.
    shutdownForceTime: settings.SPECTRA_SHUTDOWN_GRACE_MS * 0.75,
    workflowThreadPoolSize: 1,
  };
  const extraction = new ExtractionPool({
    threads: settings.SPECTRA_EXTRACTION_THREADS,
    memoryMb: settings.SPECTRA_EXTRACTION_MEMORY_MB,
    deadlineMs: settings.SPECTRA_EXTRACTION_DEADLINE_MS,
  });
  const pooled = extraction.localEmbeddings();
  const embeddings = services.embeddings.id === pooled.id ? pooled : services.embeddings;
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: taskQueue('documents', generation),
      activities: createDocumentActivities({ ...services, extraction, embeddings }),
      maxConcurrentActivityTaskExecutions: settings.SPECTRA_WORKER_CONCURRENCY,
      maxCachedWorkflows: 200,
    }),
    Worker.create({
      ...common,
      taskQueue: taskQueue('sweeps', generation),
      activities: createSweepActivities(services),
      maxConcurrentActivityTaskExecutions: 2,
      maxCachedWorkflows: 10,
    }),
  ]);
  const runs = workers.map((worker) => worker.run());
  let stopping = false;
  const failed = new Promise<never>((_resolve, reject) => {
    for (const run of runs) {
      run.then(
        () => {
          if (!stopping) reject(new Error('a Temporal worker ended by itself'));
        },
        (error: unknown) => {
          if (!stopping)
            reject(error instanceof Error ? error : new Error('a Temporal worker failed', { cause: error }));
        },
      );
    }
  });
  failed.catch(() => undefined);
  return {
    failed,
    stop: async () => {
      stopping = true;
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.allSettled(runs);
      await extraction.close();
    },
  };
}
