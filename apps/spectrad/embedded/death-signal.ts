import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';

const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];

async function firstExecutable(name: string): Promise<string | null> {
  for (const folder of FOLDERS) {
    const path = `${folder}/${name}`;
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return null;
}

/** Absolute path of a system tool; null when this machine has none. */
export async function systemTool(name: 'setpriv' | 'unshare'): Promise<string | null> {
  return process.platform === 'linux' ? firstExecutable(name) : null;
}

/** Whether a command ends with exit code 0 within ten seconds. */
export function succeeds(
  command: string,
  args: readonly string[],
  identity: { uid?: number; gid?: number } = {},
): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: 10_000, cwd: '/', ...identity }, (error) => {
      resolve(error === null);
    });
  });
}

/**
 * Words to put before an engine's command so that the kernel sends it `signal` when its keeper dies, kill -9 included.
 * Empty where util-linux's setpriv is missing or too old; the next start then ends what is left over. It must be the last
 * wrapper: entering a user namespace or changing the user clears the setting.
 */
export async function deathSignalPrefix(signal: 'KILL' | 'QUIT'): Promise<string[]> {
  const setpriv = await systemTool('setpriv');
  if (setpriv === null) return [];
  const prefix = [setpriv, '--pdeathsig', signal, '--'];
  return (await succeeds(setpriv, [...prefix.slice(1), 'true'])) ? prefix : [];
}
