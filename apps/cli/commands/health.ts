import type { Command } from 'commander';
import { examples, type Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import type { Session } from '../session.js';

async function health(session: Session): Promise<void> {
  const { output, settings } = session;
  const answer = await session.client().health();
  const color = { ok: 'green', degraded: 'yellow', unavailable: 'red' } as const;
  output.result(answer, () => [
    `Spectra ${answer.version} at ${settings.url}: ${output.paint(color[answer.status], answer.status)}`,
    `generation ${answer.generation} · commit ${answer.commit_sha} · environment ${answer.environment}`,
    '',
    ...output.table(
      Object.entries(answer.wiring),
      [
        { title: 'PART', value: ([part]) => part },
        { title: 'STATE', value: ([, { state }]) => state },
        { title: 'DETAIL', value: ([, { detail }]) => detail, flexible: 'end' },
      ],
      'No parts are listed.',
    ),
  ]);
  if (answer.status === 'unavailable') session.exitCode = EXIT.unavailable;
}

export function addHealth(program: Command, cli: Cli): void {
  program
    .command('health')
    .description('Ask the service how it is. Ends with 5 when it cannot do its work.')
    .addHelpText('after', examples('spectra health', 'spectra health --url http://127.0.0.1:9090 --json'))
    .action(async (_flags: object, command: Command) => {
      await health(await cli.open(command));
    });
}
