import type { Command } from 'commander';
import type { Session } from './session.js';

/** What a command file needs of the program: a session for the command that is running. */
export interface Cli {
  open(command: Command): Promise<Session>;
}

/** The examples under a command's help; the first line of each pair is the command. */
export function examples(...lines: readonly string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n');
}
