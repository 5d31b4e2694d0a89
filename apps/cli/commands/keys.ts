import type { Command } from 'commander';
import { examples, type Cli } from '../cli.js';
import { minute } from '../formats.js';
import { durationSeconds } from '../option-parsers.js';
import type { Session } from '../session.js';

async function list(session: Session, principal: string | undefined): Promise<void> {
  const client = session.client('contextId', 'managementApiKey');
  const keys = principal === undefined ? await client.keys.listAll() : await client.keys.list(principal);
  const { output } = session;
  output.result(keys, () =>
    output.table(
      keys,
      [
        { title: 'NAME', value: ({ name }) => name, flexible: 'end' },
        { title: 'PRINCIPAL', value: ({ principalId }) => principalId },
        { title: 'CREATED (UTC)', value: ({ createdAt }) => minute(createdAt) },
        { title: 'LAST USED', value: ({ lastUsedAt }) => minute(lastUsedAt) },
        { title: 'VALID UNTIL', value: ({ validUntil }) => (validUntil === null ? 'for ever' : minute(validUntil)) },
      ],
      'No keys yet: `spectra keys mint <name>` makes one.',
    ),
  );
}

export function addKeys(program: Command, cli: Cli): void {
  const keys = program
    .command('keys')
    .description('Keys of the Context (needs a management key).')
    .addHelpText('after', examples('spectra keys list', 'spectra keys mint ci --ttl 30d'));

  keys
    .command('list')
    .description('List the keys of the Context.')
    .option('--principal <id>', 'only those of this principal')
    .addHelpText('after', examples('spectra keys list', 'spectra keys list --principal admin --json'))
    .action(async (flags: { principal?: string }, command: Command) => {
      await list(await cli.open(command), flags.principal);
    });
  keys
    .command('mint')
    .description('Mint a key. The secret is written to stdout, once and never again.')
    .argument('<name>', 'name of the key, unique within the Context')
    .option('--principal <id>', 'principal that the key acts for', 'admin')
    .option('--ttl <duration>', 'how long it is valid, e.g. 12h or 30d (default: for ever)', durationSeconds)
    .addHelpText(
      'after',
      examples('spectra keys mint ci --ttl 30d', 'export SPECTRA_API_KEY=$(spectra keys mint laptop)'),
    )
    .action(async (name: string, flags: { principal: string; ttl?: number }, command: Command) => {
      const session = await cli.open(command);
      const client = session.client('contextId', 'managementApiKey');
      const minted = await client.keys.mint(flags.principal, name, { ttlSeconds: flags.ttl });
      const until = minted.validUntil === null ? 'for ever' : `until ${minute(minted.validUntil)} UTC`;
      session.output.note(`Key ${name} of ${flags.principal}, valid ${until}. It is shown once: keep it now.`);
      session.output.result(minted, () => [minted.key]);
    });
  keys
    .command('delete')
    .description('Delete a key. It stops working at once.')
    .argument('<name>', 'name of the key')
    .addHelpText('after', examples('spectra keys delete ci'))
    .action(async (name: string, _flags: object, command: Command) => {
      const session = await cli.open(command);
      await session.client('contextId', 'managementApiKey').keys.deleteByName(name);
      session.output.result({ deleted: name }, () => [`Deleted the key ${name}.`]);
    });
}
