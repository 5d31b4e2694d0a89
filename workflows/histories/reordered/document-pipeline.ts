import { proxyActivities } from '@temporalio/workflow';
import type { DocumentActivities } from '../../../activities/document-activities.js';
import type { DocumentPipelineInput, DocumentPipelineResult } from '#libs/contracts/index.js';

const { extractDocument, chunkDocument, embedDocument, completeDocument } = proxyActivities<DocumentActivities>({
  startToCloseTimeout: '15 minutes',
});

/** What nobody may deploy under a generation with open runs: the stages in another order. Only replay.test.ts uses it. */
export async function documentPipeline(input: DocumentPipelineInput): Promise<DocumentPipelineResult> {
  await chunkDocument(input);
  await extractDocument(input);
  await embedDocument(input);
  await completeDocument(input, { chunkCount: 1, pageCount: null });
  return { status: 'ready', chunkCount: 1 };
}
