// `npm test`: set-up, then the whole suite on the real engines. `--quick` leaves out what starts whole processes or waits
// for leases and heartbeats to run out.
// Further arguments go to jest.
import { join } from 'node:path';
import { ROOT, runNode, setUp } from './set-up.mjs';

await setUp();
const args = process.argv.slice(2);
const quick = args.includes('--quick');
const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
process.exitCode = await runNode([
  '--experimental-vm-modules',
  '--no-warnings',
  jest,
  ...(quick
    ? [
        '--testPathIgnorePatterns',
        '/test/(e2e|faults|generations)/',
        'embedded/(engines|keeper)\\.test',
        'workflows/document-pipeline\\.test',
        'events/relay-lease\\.test',
        'scheduler/scheduler\\.test',
        'contract/fuzz\\.test',
        '/dist/',
        '/node_modules/',
      ]
    : []),
  ...args.filter((argument) => argument !== '--quick'),
]);
