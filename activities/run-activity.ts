import {
  activityInfo,
  ApplicationFailure,
  CancelledFailure,
  cancellationSignal,
  heartbeat,
} from '@temporalio/activity';
import { SpectraError } from '#libs/contracts/index.js';
import { continueTrace, runInTrace, type Logger } from '#libs/telemetry/index.js';

/** Well below the heartbeat time-out of every activity, so that one late beat is not taken for a death. */
const BEAT_MS = 2_000;

/**
 * Runs the body of an activity: beats while it runs, and decides what its failure means. An error that cannot heal
 * becomes non-retryable under its code and sentence. Of any other error only the class leaves this process: messages
 * of stores may quote the data, and histories must not hold any.
 */
export async function runActivity<T>(logger: Logger, body: () => Promise<T>): Promise<T> {
  const info = activityInfo();
  const beat = setInterval(() => {
    heartbeat();
  }, BEAT_MS);
  const trace = continueTrace(null);
  try {
    return await runInTrace(trace, body);
  } catch (error) {
    // Only a cancellation that was asked for is one; whatever else ends the body at that moment stays in this process.
    if (cancellationSignal().aborted) throw cancellationSignal().reason;
    if (error instanceof CancelledFailure) throw error;
    if (error instanceof SpectraError && !error.retryable) {
      throw ApplicationFailure.nonRetryable(error.message, error.code);
    }
    const kind = error instanceof SpectraError ? error.code : error instanceof Error ? error.name : 'unknown';
    logger.error(
      {
        err: error,
        activity: info.activityType,
        workflow_id: info.workflowExecution?.workflowId,
        attempt: info.attempt,
      },
      'activity failed and will be tried again',
    );
    throw ApplicationFailure.retryable(`${info.activityType} failed (${kind}); the worker's log has the details`, kind);
  } finally {
    clearInterval(beat);
  }
}
