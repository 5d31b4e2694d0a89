import {
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  type Client,
} from '@temporalio/client';
import {
  documentWorkflowId,
  UnavailableError,
  type DocumentAccepted,
  type DocumentPipelineInput,
} from '#libs/contracts/index.js';
import { DocumentRepository } from '#libs/documents/index.js';
import { DependencyDownError, type EventEnvelope, type EventHandler } from '#libs/events/index.js';
import { taskQueue } from '#libs/generations/index.js';
import { documentAttributes } from '../../temporal/search-attributes.js';
import type { documentPipeline } from '../../workflows/index.js';
import type { Services } from '../spectrad/services.js';

/** A start that takes longer than this is taken for a server that is down; the id makes a repeat harmless. */
const START_DEADLINE_MS = 3_000;

type Dependencies = Pick<Services, 'server' | 'registry' | 'objects' | 'generation' | 'logger' | 'settings'>;

async function start(client: Client, event: DocumentAccepted, generation: number, deadlineMs: number): Promise<void> {
  const input: DocumentPipelineInput = {
    contextId: event.contextId,
    documentId: event.documentId,
    version: event.version,
    storageKey: event.storageKey,
    contentHash: event.contentHash,
    mimeType: event.mimeType,
    ...(event.charset ? { charset: event.charset } : {}),
    sizeBytes: event.sizeBytes,
    acceptedAt: event.acceptedAt,
    generation,
  };
  try {
    await client.withDeadline(Date.now() + deadlineMs, () =>
      client.workflow.start<typeof documentPipeline>('documentPipeline', {
        workflowId: documentWorkflowId(event.contextId, event.documentId, event.version),
        taskQueue: taskQueue('documents', generation),
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        typedSearchAttributes: documentAttributes(generation, event.contextId, event.documentId),
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return;
    if (error instanceof ServiceError || isGrpcServiceError(error)) {
      throw new DependencyDownError('temporal', 'Temporal does not answer', { cause: error });
    }
    throw error;
  }
}

/**
 * Makes sure that the record of an accepted document exists, then starts its pipeline. Both are idempotent: the record
 * by its id, the run by its workflow id.
 */
export function startDocumentPipeline(services: Dependencies, client: Client): EventHandler<DocumentAccepted> {
  const { server, registry, objects, generation, logger, settings } = services;
  // Well within the limit of a handler, or a server that is down would be taken for a slow handler and cost an attempt.
  const deadlineMs = Math.min(START_DEADLINE_MS, settings.SPECTRA_HANDLER_MAX_MS / 2);

  async function record(event: DocumentAccepted): Promise<'start' | 'skip'> {
    const context = await registry.find(event.contextId);
    if (!context) return 'skip';
    const session = await server.session(context.ref);
    const documents = new DocumentRepository(session);
    // The API records what it accepts; only if it died, or is still at it, the record is made here.
    if (await documents.isRecorded(event)) return 'start';
    const holder = await documents.upsertAccepted(event, generation);
    if (holder !== event.documentId) {
      // Deleted while it waited, or the same bytes won a race under another id: then this upload was answered with
      // that id, or not at all.
      await objects.delete(event.storageKey);
      logger.info({ document_id: event.documentId, same_as: holder }, 'accepted, and needs no pipeline of its own');
      return 'skip';
    }
    return 'start';
  }

  return {
    name: 'documents.start-pipeline',
    eventType: 'document.accepted',
    async before({ payload }: EventEnvelope<DocumentAccepted>): Promise<void> {
      try {
        if ((await record(payload)) === 'start') await start(client, payload, generation, deadlineMs);
      } catch (error) {
        if (error instanceof UnavailableError)
          throw new DependencyDownError('surrealdb', error.message, { cause: error });
        throw error;
      }
    },
  };
}
