import type { ContextRegistry } from '#libs/access/index.js';
import { documentWorkflowId, type DocumentPipelineInput } from '#libs/contracts/index.js';
import { storageKeys, writeFailure } from '#libs/documents/index.js';
import type { SurrealServer, SurrealSession } from '#libs/stores/surreal/index.js';
import { DocumentProcessor, type DocumentProcessorDependencies, type Gone } from './process-document.js';
import { runActivity } from './run-activity.js';

export interface DocumentActivityDependencies extends DocumentProcessorDependencies {
  readonly server: SurrealServer;
  readonly registry: ContextRegistry;
}

/**
 * What `documentPipeline` does. One activity for all of its stages: a step costs about 10 ms of Temporal and more than
 * that of a processor, which is most of what a small document needs. It can be repeated, and goes on where it was cut off.
 */
export function createDocumentActivities(dependencies: DocumentActivityDependencies) {
  const { server, registry, objects, logger } = dependencies;
  const processor = new DocumentProcessor(dependencies);

  async function open(input: DocumentPipelineInput): Promise<SurrealSession | null> {
    const context = await registry.find(input.contextId);
    return context ? server.session(context.ref) : null;
  }

  /** What was derived of that version: text that must not outlive the document, or a verdict. */
  async function removeDerived({ contextId, documentId, version }: DocumentPipelineInput): Promise<void> {
    await objects.deletePrefix(storageKeys.derivedVersion(contextId, documentId, version));
  }

  return {
    /** Bytes -> text -> passages -> vectors -> searchable rows, and the document is `ready`. */
    processDocument: (input: DocumentPipelineInput): Promise<{ chunkCount: number } | Gone> =>
      runActivity(logger, async () => {
        const session = await open(input);
        const result = session ? await processor.process(session, input) : 'gone';
        if (result === 'gone') await removeDerived(input);
        return result;
      }),

    /** Takes half-written passages away and leaves a sentence that a person can act on, unless the document is `ready`. */
    failDocument: (input: DocumentPipelineInput, reason: { code: string; sentence: string }): Promise<void> =>
      runActivity(logger, async () => {
        const session = await open(input);
        if (!session) return;
        const { contextId, documentId, version } = input;
        const workflowId = documentWorkflowId(contextId, documentId, version);
        const failed = await writeFailure(session, { documentId, version, workflowId }, reason.sentence);
        // After the verdict: until then an attempt that is taken for dead may still store what it read.
        await removeDerived(input);
        const told = failed ? 'document failed' : 'the pipeline of a document failed, and the document had not';
        logger.warn({ context_id: contextId, document_id: documentId, code: reason.code }, told);
      }),
  };
}

export type DocumentActivities = ReturnType<typeof createDocumentActivities>;
