import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit-codes.js';
import { toFailure } from './failure.js';
import type { CliIo } from './io.js';
import { Output } from './output.js';
import { createProgram } from './program.js';
import { Session } from './session.js';

/** What commander throws for help and version that were asked for. */
const WANTED = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

/** Whether errors are to be JSON, also where the command line itself cannot be parsed. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).includes('--json');
}

/**
 * Runs one command line.
 *
 * @param argv the arguments after the program's name
 * @returns the exit code; see EXIT. Never throws: errors are written to stderr
 */
export async function run(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  let session: Session | undefined;
  const program = createProgram(io, {
    open: async (command) => {
      session = await Session.open(io, command);
      return session;
    },
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCodeOf(session);
  } catch (error) {
    if (error instanceof CommanderError && WANTED.has(error.code))
      // A group without a command shows its help as a complaint; asked for, help is an answer.
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const output = new Output(io, { json: wantsJson(argv), color: false });
    const failure = describe(session, error);
    output.failure(failure);
    return failure.exitCode;
  }
}

// Functions, because the compiler does not see that `open` has set the session meanwhile.
function exitCodeOf(session: Session | undefined): ExitCode {
  return session?.exitCode ?? EXIT.ok;
}

function describe(session: Session | undefined, error: unknown): ReturnType<typeof toFailure> {
  return session ? session.describe(error) : toFailure(error);
}
