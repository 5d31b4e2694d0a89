import { Command } from 'commander';
import { DEFAULT_URL } from '#libs/client/index.js';
import { examples, type Cli } from './cli.js';
import { addContexts } from './commands/contexts.js';
import { addDocuments } from './commands/documents.js';
import { addHealth } from './commands/health.js';
import { addKeys } from './commands/keys.js';
import { addRecall } from './commands/recall.js';
import { addRemember } from './commands/remember.js';
import { EXIT_CODES_HELP } from './exit-codes.js';
import type { CliIo } from './io.js';

const SETTINGS_HELP = `
Settings come from the first of these that has them: the flags above; SPECTRA_URL, SPECTRA_API_KEY,
SPECTRA_CONTEXT_ID, SPECTRA_MANAGEMENT_API_KEY, SPECTRA_MANAGEMENT_URL (SPECTRON_* too); the profile in
$XDG_CONFIG_HOME/spectra/config.json; credentials.json in SPECTRA_DATA_DIR or the nearest .spectra/,
which \`npm start\` writes.
`;

/** The whole command line; parsing throws instead of ending the process. */
export function createProgram(io: CliIo, cli: Cli): Command {
  const program = new Command('spectra')
    .description('Client of Spectra, the memory of AI agents. Speaks HTTP only.')
    .version(io.version)
    .option('-u, --url <url>', `address of the api (default: ${DEFAULT_URL})`)
    .option('-a, --api-key <key>', 'key of the Context; better set SPECTRA_API_KEY, which `ps` does not show')
    .option('-c, --context-id <id>', 'Context to work in')
    .option('--management-api-key <key>', 'key for contexts and keys')
    .option('--management-url <url>', 'address of the management routes (default: the api)')
    .option('--json', 'write exactly one JSON value to stdout')
    .option('--no-color', 'write without colour')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Errors are written by `run`, in one form for all of them.
      outputError: () => undefined,
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
  for (const add of [addHealth, addContexts, addKeys, addDocuments, addRecall, addRemember]) add(program, cli);
  return program.addHelpText(
    'after',
    `${examples(
      'spectra health',
      'spectra documents upload samples/',
      'spectra recall "Who approves privileged access?"',
    )}\n${SETTINGS_HELP}\n${EXIT_CODES_HELP}`,
  );
}
