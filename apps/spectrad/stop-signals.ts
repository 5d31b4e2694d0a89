import { Socket } from 'node:net';

export type StopReason = 'SIGINT' | 'SIGTERM' | 'the launcher ended';

/** One Ctrl-C arrives several times: from the terminal, from npm and from the launcher. Later ones are a second wish. */
const SAME_WISH_MS = 2_000;

/**
 * Resolves with why this process should stop. A second Ctrl-C ends it at once: the keepers then end the engines.
 * `lifeline` is an inherited pipe that closes when the launcher is gone, however it died.
 */
export function waitForStop(lifeline: number | null): Promise<StopReason> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    const ask = (reason: StopReason): void => {
      if (askedAt !== null && reason === 'SIGINT' && Date.now() - askedAt > SAME_WISH_MS) process.exit(130);
      askedAt ??= Date.now();
      resolve(reason);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        ask(signal);
      });
    }
    if (lifeline === null) return;
    // A socket, not a file stream: a blocking read in the thread pool would hold up the exit of this process.
    const pipe = new Socket({ fd: lifeline, readable: true, writable: false });
    const gone = (): void => {
      ask('the launcher ended');
    };
    pipe.on('end', gone).on('error', gone).on('close', gone).resume();
    pipe.unref();
  });
}
