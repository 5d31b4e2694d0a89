/** What happens at a fault point that a test has armed. */
type FaultAction = { kind: 'kill' } | { kind: 'throw'; code: string | undefined } | { kind: 'delay'; ms: number };

const armed = new Map<string, FaultAction>();

/**
 * Arms fault points from a specification such as `after-claim=kill,before-embed=delay:500,object-write=throw:ENOSPC`.
 * Only tests name any (SPECTRA_FAULTS); without one, `fault` is a map look-up in an empty map.
 */
export function armFaults(specification: string): void {
  armed.clear();
  for (const entry of specification.split(',').filter(Boolean)) {
    const [point = '', action = ''] = entry.split('=');
    const [kind, argument] = action.split(':');
    if (kind === 'kill') armed.set(point, { kind });
    else if (kind === 'throw') armed.set(point, { kind, code: argument });
    else if (kind === 'delay') armed.set(point, { kind, ms: Number(argument) });
    else throw new RangeError(`SPECTRA_FAULTS: "${entry}" is not <point>=kill|throw[:<code>]|delay:<ms>`);
  }
}

/** A point at which a test may kill the process, throw, or delay; nothing at all otherwise. */
export async function fault(point: string): Promise<void> {
  const action = armed.get(point);
  if (!action) return;
  if (action.kind === 'kill') process.kill(process.pid, 'SIGKILL');
  if (action.kind === 'throw') throw Object.assign(new Error(`fault point ${point}`), { code: action.code });
  if (action.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, action.ms));
}
