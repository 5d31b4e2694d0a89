import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SpectraError } from '#libs/contracts/index.js';
import { succeeds, systemTool } from './death-signal.js';

/** How Postgres is run: it refuses to be root. */
export interface PostgresAccount {
  readonly binDir: string;
  /** Words before the command (a user namespace), or none. */
  readonly prefix: readonly string[];
  /** The account to switch to; undefined keeps our own. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface PostgresAccountOptions {
  readonly dataDir: string;
  /** Postgres' own folder in it; may not exist yet. */
  readonly clusterDir: string;
  readonly binDir: string;
  /** Where binaries are copied to when the other account cannot reach the checkout. */
  readonly sharedDir?: string;
  /** Only for tests: leaves out the user namespace. */
  readonly withoutNamespace?: boolean;
}

function accountIds(name: string): { uid: number; gid: number } | null {
  try {
    const id = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

async function namespacePrefix(): Promise<string[] | null> {
  const unshare = await systemTool('unshare');
  return unshare === null ? null : [unshare, '--user', '--map-user=65534', '--map-group=65534', '--'];
}

const runs = (
  prefix: readonly string[],
  binDir: string,
  identity: { uid?: number; gid?: number } = {},
): Promise<boolean> => {
  const [command, ...args] = [...prefix, join(binDir, 'postgres'), '--version'];
  return succeeds(command, args, identity);
};

/** Copies the binaries to a folder that every account can reach; the copy is renamed into place whole. */
function copyBinaries(binDir: string, sharedDir: string): string {
  const source = dirname(binDir);
  // The package folder's modification time tells installations apart without reading 60 MB.
  const target = join(sharedDir, `postgres-${Math.trunc(statSync(join(binDir, 'postgres')).mtimeMs)}`);
  if (!existsSync(target)) {
    const temporary = `${target}.${process.pid}`;
    mkdirSync(sharedDir, { recursive: true, mode: 0o755 });
    rmSync(temporary, { recursive: true, force: true });
    cpSync(source, temporary, { recursive: true, verbatimSymlinks: true });
    chmodSync(temporary, 0o755);
    renameSync(temporary, target);
  }
  return join(target, 'bin');
}

async function otherAccount(
  options: PostgresAccountOptions,
  ids: { uid: number; gid: number },
): Promise<PostgresAccount | null> {
  chmodSync(options.dataDir, 0o711);
  if (!(await succeeds('test', ['-x', options.dataDir], ids))) return null;
  if (await runs([], options.binDir, ids)) return { binDir: options.binDir, prefix: [], ...ids };
  const binDir = copyBinaries(options.binDir, options.sharedDir ?? '/var/lib/spectra');
  return (await runs([], binDir, ids)) ? { binDir, prefix: [], ...ids } : null;
}

/**
 * Chooses under which account Postgres runs. An ordinary user keeps its own. As root, a user namespace is tried first (the
 * files stay root's, so 0700 parents do not matter), then the accounts `postgres` and `nobody`; a cluster that exists is
 * always opened by the way that fits its owner.
 *
 * Thrown when none works; the message says what to do.
 */
export async function choosePostgresAccount(options: PostgresAccountOptions): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return { binDir: options.binDir, prefix: [] };
  const owner = statSync(options.clusterDir, { throwIfNoEntry: false });
  if ((owner === undefined || owner.uid === 0) && options.withoutNamespace !== true) {
    const prefix = await namespacePrefix();
    if (prefix && (await runs(prefix, options.binDir))) return { binDir: options.binDir, prefix };
  }
  const candidates =
    owner === undefined
      ? ['postgres', 'nobody'].map(accountIds)
      : owner.uid === 0
        ? []
        : [{ uid: owner.uid, gid: owner.gid }];
  for (const ids of candidates) {
    const account = ids && (await otherAccount(options, ids));
    if (account) return account;
  }
  throw new SpectraError({
    status: 503,
    code: 'postgres_as_root',
    message:
      'Postgres refuses to run as root and no other account can reach its folders: start Spectra as an ordinary user, or set SPECTRA_DATA_DIR to a folder that the user `nobody` can reach, or set DATABASE_URL to a running Postgres.',
  });
}
