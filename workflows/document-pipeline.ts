import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import type { DocumentActivities } from '../activities/document-activities.js';
import type { DocumentPipelineInput, DocumentPipelineResult } from '#libs/contracts/index.js';

/**
 * Reading and embedding may meet a store or a model that is down, or a document that kills its process. Both spend
 * attempts, because a crash is noticed as a missed heartbeat and counts as one. A cancelled attempt is waited for: one that
 * still wrote while `failDocument` clears away would leave passages behind. How long an attempt may take is decided within
 * it, by the deadline of the reading and the heartbeat; a document of 50 MB is written for many minutes.
 */
const { processDocument } = proxyActivities<DocumentActivities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '10 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 8 },
});

/** The verdict itself must be written, however long the store is away. */
const { failDocument } = proxyActivities<DocumentActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

interface Reason {
  code: string;
  sentence: string;
}

const CANCELLED: Reason = {
  code: 'cancelled',
  sentence: 'Processing was cancelled by an operator. Upload the document again to resume it.',
};

function reasonOf(error: unknown): Reason {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && cause.nonRetryable) {
    return { code: cause.type ?? 'processing_failed', sentence: cause.message };
  }
  return {
    code: 'processing_failed',
    sentence: 'Processing failed repeatedly. Upload the document again; if it fails again, tell the operator its id.',
  };
}

/**
 * Takes one accepted document from its bytes to searchable passages, or to a verdict. A document that was deleted
 * meanwhile ends the run as `gone`.
 */
export async function documentPipeline(input: DocumentPipelineInput): Promise<DocumentPipelineResult> {
  try {
    const processed = await processDocument(input);
    return processed === 'gone' ? { status: 'gone' } : { status: 'ready', chunkCount: processed.chunkCount };
  } catch (error) {
    // A stage whose worker died while it was being cancelled ends in a time-out, not in a cancellation.
    const cancelled = isCancellation(error) || CancellationScope.current().consideredCancelled;
    const reason = cancelled ? CANCELLED : reasonOf(error);
    // The verdict outlives a cancellation: nothing may stay half processed.
    await CancellationScope.nonCancellable(() => failDocument(input, reason));
    if (cancelled) throw isCancellation(error) ? error : new CancelledFailure(CANCELLED.sentence);
    return { status: 'failed', code: reason.code };
  }
}
