import { Command, Option } from 'commander';
import { processEnvironment, type Flags, type SettingName } from '#libs/config/index.js';
import { devStart } from './dev/dev-start.js';
import { allocate } from './commands/allocate.js';
import { migrateStores } from './commands/migrate-stores.js';
import { startRole, type Role } from './roles/start-role.js';

/** Flags of every command, as the published service names them, and the setting that each one stands for. */
const FLAGS: readonly [flags: string, setting: SettingName, description: string][] = [
  ['--bind-address <host:port>', 'SPECTRA_BIND_ADDRESS', 'where the API listens'],
  ['--connection-string <endpoint;user;pass>', 'SURREALDB_CONNECTION', 'SurrealDB, ws:// or wss://'],
  ['--database-url <url>', 'DATABASE_URL', 'Postgres'],
  ['--object-store-url <url>', 'SPECTRA_OBJECT_STORE_URL', 'where raw bytes are kept, file:///absolute/path'],
  ['--embeddings-api-key <key>', 'SPECTRA_EMBEDDINGS_API_KEY', 'key of the embeddings endpoint'],
  ['--management-api-key <key>', 'SPECTRA_MANAGEMENT_API_KEY', 'pin the management key instead of minting one'],
  ['--context-api-key <key>', 'SPECTRA_API_KEY', 'pin the Context key instead of minting one'],
];

function attribute(flag: string): string {
  return new Option(flag).attributeName();
}

function withSettings(command: Command): Command {
  for (const [flag, setting, description] of FLAGS) command.option(flag, `${description} (${setting})`);
  return command;
}

function flagsOf(options: Record<string, unknown>): Flags {
  const given: Partial<Record<SettingName, string>> = {};
  for (const [flag, setting] of FLAGS) {
    const value = options[attribute(flag)];
    if (typeof value === 'string') given[setting] = value;
  }
  return given;
}

function addRole(program: Command, role: Role, description: string): void {
  withSettings(
    program
      .command(role)
      .description(description)
      .command('start')
      .description(`start this role; needs SPECTRA_GENERATION`),
  ).action((options: Record<string, unknown>) => startRole(role, processEnvironment(), flagsOf(options)));
}

/** The `spectrad` command line: one role per process, and what an operator needs when no API is up. */
export function createProgram(): Command {
  const program = new Command('spectrad')
    .description('The Spectra server. Settings come from flags, then from the environment.')
    .showHelpAfterError();
  addRole(program, 'api', 'REST API');
  addRole(program, 'worker', 'outbox relay and Temporal workers of one generation');
  addRole(program, 'scheduler', 'keeps the Temporal schedules of the active generation');
  withSettings(
    program
      .command('dev')
      .description('everything in one process on embedded engines, for local use')
      .command('start')
      .option('--bootstrap', 'on an empty data directory: make a Context and its keys, print them, load the samples')
      .addOption(new Option('--lifeline <fd>', 'stop when this inherited pipe closes').hideHelp().argParser(Number)),
  ).action((options: Record<string, unknown>) =>
    devStart({
      env: processEnvironment(),
      flags: flagsOf(options),
      bootstrap: options['bootstrap'] === true,
      lifeline: typeof options['lifeline'] === 'number' ? options['lifeline'] : null,
    }),
  );
  withSettings(
    program.command('migrate').description('bring Postgres and the control plane to the newest schema'),
  ).action((options: Record<string, unknown>) => migrateStores(processEnvironment(), flagsOf(options)));
  withSettings(
    program
      .command('generations')
      .description('deployment generations')
      .command('allocate')
      .description('allocate the generation of a deploy and print its number')
      .requiredOption('--reference <ref>', 'git reference of the code')
      .option('--tag <tag>', 'a name for people')
      .requiredOption('--by <who>', 'person or pipeline that deploys'),
  ).action((options: Record<string, unknown>) =>
    allocate(processEnvironment(), flagsOf(options), {
      reference: String(options['reference']),
      tag: typeof options['tag'] === 'string' ? options['tag'] : null,
      deployedBy: String(options['by']),
    }),
  );
  return program;
}
