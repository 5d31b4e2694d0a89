import { proxyActivities } from '@temporalio/workflow';
import type { DocumentActivities } from '../../../activities/document-activities.js';
import type { DocumentPipelineInput, DocumentPipelineResult } from '#libs/contracts/index.js';

const { processDocument, failDocument } = proxyActivities<DocumentActivities>({ startToCloseTimeout: '15 minutes' });

/** What nobody may deploy under a generation with open runs: the steps in another order. Only replay.test.ts uses it. */
export async function documentPipeline(input: DocumentPipelineInput): Promise<DocumentPipelineResult> {
  await failDocument(input, { code: 'not_yet', sentence: 'Not processed yet.' });
  const processed = await processDocument(input);
  return processed === 'gone' ? { status: 'gone' } : { status: 'ready', chunkCount: processed.chunkCount };
}
