import { readFileSync } from 'node:fs';

/** What no workflow may do, for workflow-bundle.test.ts to find: it takes a module of Node. */
export async function readsFiles(): Promise<string> {
  return Promise.resolve(readFileSync('/dev/null', 'utf8'));
}
