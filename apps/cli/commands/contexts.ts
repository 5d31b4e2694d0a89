import type { Command } from 'commander';
import type { Context } from '#libs/contracts/index.js';
import { examples, type Cli } from '../cli.js';
import { minute } from '../formats.js';
import type { Session } from '../session.js';
import { oneLine } from '../terminal-text.js';
import { UsageError } from '../usage-error.js';

interface CreateFlags {
  readonly namespace: string;
  readonly database?: string;
  readonly description?: string;
}

async function list(session: Session): Promise<void> {
  const contexts = await session.client('managementApiKey').contexts.list();
  const { output } = session;
  output.result({ contexts }, () =>
    output.table(
      contexts,
      [
        { title: 'ID', value: ({ id }) => id },
        { title: 'DATABASE', value: ({ namespace, database }) => `${namespace}/${database}` },
        { title: 'EMBEDDING', value: ({ embedding }) => `${embedding.model} (${embedding.dimensions}-d)` },
        { title: 'CREATED (UTC)', value: ({ created_at }) => minute(created_at) },
        { title: 'DESCRIPTION', value: ({ description }) => description, flexible: 'end' },
      ],
      'No Contexts yet: `spectra contexts create <id>` makes one.',
    ),
  );
}

function contextLines(context: Context): string[] {
  const fields = {
    id: context.id,
    database: `${context.namespace}/${context.database}`,
    embedding: `${context.embedding.model} (${context.embedding.dimensions}-d)`,
    created: `${minute(context.created_at)} UTC`,
    description: context.description ?? '-',
    config: JSON.stringify(context.config),
  };
  return Object.entries(fields).map(([name, value]) => `${name.padEnd(11)} ${oneLine(value)}`);
}

export function addContexts(program: Command, cli: Cli): void {
  const contexts = program
    .command('contexts')
    .description('Contexts of the deployment (needs a management key).')
    .addHelpText('after', examples('spectra contexts list', 'spectra contexts create team-a'));

  contexts
    .command('list')
    .description('List Contexts.')
    .addHelpText('after', examples('spectra contexts list', 'spectra contexts list --json'))
    .action(async (_flags: object, command: Command) => {
      await list(await cli.open(command));
    });
  contexts
    .command('create')
    .description('Create a Context with a database of its own.')
    .argument('<id>', 'lower-case letters, digits and hyphens')
    .option('--namespace <name>', 'SurrealDB namespace of its database', 'contexts')
    .option('--database <name>', 'name of its database (default: the id)')
    .option('--description <text>', 'what it is for')
    .addHelpText('after', examples('spectra contexts create team-a --description "What team A knows"'))
    .action(async (id: string, { namespace, database = id, description }: CreateFlags, command: Command) => {
      const session = await cli.open(command);
      const client = session.client('managementApiKey');
      const context = await client.contexts.create(id, { namespace, database, description });
      session.output.result(context, () => [
        `Created the Context ${context.id}. Next: spectra keys mint <name> --context-id ${context.id}`,
      ]);
    });
  contexts
    .command('show')
    .description('Show a Context.')
    .argument('<id>', 'id of the Context')
    .addHelpText('after', examples('spectra contexts show demo'))
    .action(async (id: string, _flags: object, command: Command) => {
      const session = await cli.open(command);
      const context = await session.client('managementApiKey').contexts.get(id);
      session.output.result(context, () => contextLines(context));
    });
  contexts
    .command('delete')
    .description('Delete a Context: its database, its keys, its stored files. Irreversible.')
    .argument('<id>', 'id of the Context')
    .option('--yes', 'yes, for ever', false)
    .addHelpText('after', examples('spectra contexts delete team-a --yes'))
    .action(async (id: string, flags: { yes: boolean }, command: Command) => {
      const session = await cli.open(command);
      if (!flags.yes)
        throw new UsageError(`This deletes everything that ${id} remembers, for ever. Add --yes to do it.`);
      await session.client('managementApiKey').contexts.delete(id);
      session.output.result({ deleted: id }, () => [`Deleted the Context ${id}.`]);
    });
}
