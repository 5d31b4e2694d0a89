import { Option, type Command } from 'commander';
import type { TURN_ROLES as Roles } from '#libs/contracts/index.js';
import { TURN_ROLES } from '../choices.js';
import { examples, type Cli } from '../cli.js';
import { collectLabel } from '../option-parsers.js';

interface RememberFlags {
  readonly session?: string;
  readonly role?: (typeof Roles)[number];
  readonly label?: string[];
}

export function addRemember(program: Command, cli: Cli): void {
  program
    .command('remember')
    .description('Remember a text as it is.')
    .argument('<text>', 'the text, quoted')
    .option('--session <id>', 'session that it belongs to (default: a new one)')
    .addOption(new Option('--role <role>', 'who said it').choices(TURN_ROLES))
    .option('--label <key=value>', 'label, repeatable', collectLabel)
    .addHelpText('after', examples('spectra remember "The audit is due on 3 March." --session planning'))
    .action(async (text: string, flags: RememberFlags, command: Command) => {
      const session = await cli.open(command);
      const answer = await session
        .contextClient()
        .addFact({ text, infer: 'none', session_id: flags.session, role: flags.role, labels: flags.label });
      session.output.result(answer, () => [`Remembered, in session ${answer.sessionId}.`]);
    });
}
