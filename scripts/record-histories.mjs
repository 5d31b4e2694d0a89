// `npm run histories:record`: runs each path of each workflow on the real engines and records the histories into
// workflows/histories, which `npm test` replays on the code of the day. To be run when a workflow changes on purpose.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runNode, setUp } from './set-up.mjs';

await setUp();
const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const workflows = { documentPipeline: 'document-pipeline', expireIdempotency: 'expire-idempotency' };
for (const workflow of Object.keys(workflows)) {
  rmSync(join(ROOT, 'workflows', 'histories', workflow), { recursive: true, force: true });
}
process.exitCode = await runNode(
  [
    '--experimental-vm-modules',
    '--no-warnings',
    jest,
    '--runInBand',
    '--runTestsByPath',
    ...Object.values(workflows).map((name) => `workflows/${name}.test.ts`),
  ],
  { env: { ...process.env, SPECTRA_RECORD_HISTORIES: '1' } },
);
