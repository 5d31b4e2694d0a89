import type { SpectraClientOptions } from '#libs/client/index.js';

/** All that the command line touches of its process; a test gives its own. */
export interface CliIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly home: string;
  readonly uid: number | undefined;
  readonly isTTY: { readonly stdout: boolean; readonly stderr: boolean };
  /** Width of the terminal in columns. */
  readonly columns: number;
  readonly version: string;
  /** Pauses and clock of the client. */
  readonly client?: Pick<SpectraClientOptions, 'sleep' | 'now'>;
}
