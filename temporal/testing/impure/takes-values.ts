import { documentWorkflowId } from '#libs/contracts/index.js';

/** What no workflow may do, for workflow-bundle.test.ts to find: it takes a value from a lib. */
export async function takesValues(): Promise<string> {
  return Promise.resolve(documentWorkflowId('context', 'document', 1));
}
