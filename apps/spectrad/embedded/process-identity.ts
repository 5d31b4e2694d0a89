import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start in clock ticks since boot (field 22 of /proc/<pid>/stat); null where there is no /proc. */
  readonly startTime: number | null;
}

/** One step of ending a process: the signal, and how long it may take before the next step. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

function statFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** Identity of a running process, to be recorded and compared later. */
export function identify(pid: number): ProcessIdentity {
  const ticks = Number(statFields(pid)?.[19]);
  return { pid, startTime: Number.isFinite(ticks) ? ticks : null };
}

/** Whether the recorded process still runs. A zombie does not run; another process under a reused pid is not it. */
export function isRunning(recorded: ProcessIdentity): boolean {
  try {
    process.kill(recorded.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const fields = statFields(recorded.pid);
  if (fields === null) return true;
  if (fields[0] === 'Z' || fields[0] === 'X') return false;
  return recorded.startTime === null || recorded.startTime === Number(fields[19]);
}

/** The command line of a process, its arguments joined by spaces; empty when the process is gone. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    if (process.platform === 'linux') return '';
  }
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}

/** Waits until the process is gone; false when it still runs after `ms`. */
export async function waitForEnd(recorded: ProcessIdentity, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (isRunning(recorded)) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Ends a process by the given steps, then by SIGKILL. Returns when it is gone or cannot be ended by us. */
export async function endProcess(recorded: ProcessIdentity, steps: readonly StopStep[]): Promise<void> {
  for (const { signal, waitMs } of [...steps, { signal: 'SIGKILL' as const, waitMs: 2000 }]) {
    if (!isRunning(recorded)) return;
    try {
      process.kill(recorded.pid, signal);
    } catch {
      return;
    }
    if (await waitForEnd(recorded, waitMs)) return;
  }
}
