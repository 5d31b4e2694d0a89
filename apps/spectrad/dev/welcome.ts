import { join } from 'node:path';
import type { Credentials } from './bootstrap.js';

type Say = (line: string) => void;

/** Shows keys that were just made: once, here. */
export function showKeys(credentials: Credentials, dataDir: string, say: Say): void {
  say('');
  say('Keys, shown once (saved for the CLI in ' + join(dataDir, 'credentials.json') + '):');
  say(`  Context         ${credentials.contextId}`);
  say(`  Context key     ${credentials.contextApiKey}`);
  say(`  Management key  ${credentials.managementApiKey}`);
}

export interface Links {
  readonly credentials: Credentials;
  readonly temporalUi: string | null;
  readonly dataDir: string;
  readonly showKey: boolean;
}

/** Where to look next, and a line to try. */
export function showLinks({ credentials, temporalUi, dataDir, showKey }: Links, say: Say): void {
  const { url, contextId } = credentials;
  const key = showKey ? credentials.contextApiKey : '<the Context key from credentials.json>';
  say('');
  say(`API docs     ${url}/docs`);
  if (temporalUi) say(`Temporal UI  ${temporalUi}`);
  say(`Health       ${url}/health`);
  say(`Logs         ${join(dataDir, 'logs')}`);
  say('');
  say('Try next, in another terminal:');
  say(`  npx spectra recall "How do we protect privileged accounts?"`);
  say(`  npx spectra documents upload <file or folder>`);
  say(`  curl -s ${url}/api/v1/${contextId}/query -H 'Authorization: Bearer ${key}' \\`);
  say(`    -H 'Content-Type: application/json' -d '{"query": "How do we protect privileged accounts?", "k": 3}'`);
  say('');
  say('Ctrl-C stops everything.');
}
