import type { ProcessIdentity, StopStep } from './process-identity.js';

/** First line on a keeper's stdin. A later line `stop`, or the end of the stream, ends the engine. */
export interface KeeperSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** Working folder of the engine; the root of the file system when it is not given. */
  readonly cwd?: string;
  /** Given when the engine must run as another user than the stack. */
  readonly uid?: number;
  readonly gid?: number;
  /** Written as one line to the engine's stdin, which then stays open as the engine's own lifeline. */
  readonly input?: string;
  readonly address: string;
  readonly recordFile: string;
  readonly stopSteps: readonly StopStep[];
}

/** Lines on a keeper's stdout. */
export type KeeperEvent =
  | { readonly event: 'started'; readonly engine: ProcessIdentity }
  | { readonly event: 'failed'; readonly message: string }
  | { readonly event: 'exited'; readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** Content of `<dataDir>/engines/<name>.json`: what the next start needs to find and end a left-over. */
export interface EngineRecord {
  readonly enginePid: number;
  readonly engineStartTime: number | null;
  readonly keeperPid: number;
  readonly keeperStartTime: number | null;
  readonly address: string;
}
