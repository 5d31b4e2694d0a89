import { SpectraError } from '#libs/contracts/index.js';

/** Says why a command ended: one sentence for what was foreseen, the whole error for what was not. */
export function reportFailure(error: unknown): void {
  if (error instanceof SpectraError) process.stderr.write(`spectrad: ${error.message}\n`);
  else process.stderr.write(`spectrad: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
