import { existsSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { loadSettings, readBuildInfo, type BuildInfo, type Flags, type LoadedSettings } from '#libs/config/index.js';
import { ConflictError } from '#libs/contracts/index.js';
import { activate, deployedAt, resolveDevGeneration } from '#libs/generations/index.js';
import { migrate } from '#libs/stores/postgres/index.js';
import { armFaults } from '#libs/telemetry/index.js';
import { findTemporalServer } from '../../../temporal/server-binary.js';
import { startEngines, type Engines } from '../embedded/engines.js';
import { choosePort, DEFAULT_PORTS, portOf } from '../embedded/ports.js';
import { readStackFile, writeStackFile } from '../embedded/stack-file.js';
import { DIST_FOLDER, PROJECT_FOLDER } from '../dist-folder.js';
import { startRoles, type RunningRoles } from '../roles/running-roles.js';
import { openPool, openServices, type Services } from '../services.js';
import { waitForStop } from '../stop-signals.js';
import { bootstrap, type Credentials } from './bootstrap.js';
import { DEV_TIMINGS } from './dev-settings.js';
import { openDevLog } from './dev-log.js';
import { demonstrate } from './first-run.js';
import { showKeys, showLinks } from './welcome.js';

export interface DevStartOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly flags: Flags;
  readonly bootstrap: boolean;
  /** Inherited pipe that closes when the launcher is gone. */
  readonly lifeline: number | null;
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** An address that the user chose must be free; the default gives way to a free port. */
async function apiAddress(settings: LoadedSettings, lastUrl: string | null): Promise<{ host: string; port: number }> {
  const chosen = settings.SPECTRA_BIND_ADDRESS;
  const host = chosen?.host ?? '127.0.0.1';
  if (chosen) {
    const port = await choosePort([chosen.port], host);
    if (chosen.port !== 0 && port !== chosen.port) {
      throw new ConflictError(
        `${host}:${chosen.port} (SPECTRA_BIND_ADDRESS) is taken; choose another address or stop what listens there.`,
        'address_taken',
      );
    }
    return { host, port };
  }
  const port = await choosePort([DEFAULT_PORTS.api, portOf(lastUrl)], host);
  if (port !== DEFAULT_PORTS.api) say(`Port ${DEFAULT_PORTS.api} of the API is taken: using ${port}.`);
  return { host, port };
}

async function startEmbedded(settings: LoadedSettings, onExit: (message: string) => void): Promise<Engines> {
  const temporal = settings.TEMPORAL_ADDRESS
    ? { address: settings.TEMPORAL_ADDRESS }
    : {
        binary: (
          await findTemporalServer({
            cacheDir: settings.SPECTRA_CACHE_DIR,
            moduleDir: join(PROJECT_FOLDER, 'temporal'),
            onProgress: say,
          })
        ).path,
      };
  return startEngines({
    dataDir: settings.SPECTRA_DATA_DIR,
    temporal,
    log: say,
    onExit: (name, info) => {
      onExit(
        `The embedded ${name} ended by itself (${JSON.stringify(info)}); see ${join(settings.SPECTRA_DATA_DIR, 'logs')}.`,
      );
    },
  });
}

function withEngines(options: DevStartOptions, settings: LoadedSettings, engines: Engines): LoadedSettings {
  const { surrealdb, postgres, temporal } = engines;
  return loadSettings(options.env, {
    ...DEV_TIMINGS,
    ...options.flags,
    SPECTRA_DATA_DIR: engines.dataDir,
    DATABASE_URL: postgres.url,
    SURREALDB_CONNECTION: `${surrealdb.url};${surrealdb.user};${surrealdb.password}`,
    TEMPORAL_ADDRESS: temporal.address,
    SPECTRA_OBJECT_STORE_URL: settings.SPECTRA_OBJECT_STORE_URL ?? pathToFileURL(join(engines.dataDir, 'objects')).href,
    SPECTRA_KEY_HASH_SECRET: settings.SPECTRA_KEY_HASH_SECRET ?? engines.keyHashSecret,
  });
}

async function openDevServices(settings: LoadedSettings, build: BuildInfo): Promise<Services> {
  const logger = openDevLog(settings);
  const pool = openPool(settings, 'dev', logger);
  await migrate(settings.DATABASE_URL ?? '', {
    log: (line) => {
      logger.info({ migration: line }, 'postgres');
    },
  });
  const generation = await resolveDevGeneration(pool, { codeHash: build.codeHash, reference: build.sha });
  const services = openServices({
    settings,
    build,
    generation,
    deployedAt: (await deployedAt(pool, generation))?.toISOString() ?? '',
    logger: logger.child({ generation }),
    pool,
  });
  await services.registry.initialise();
  return services;
}

/** `spectrad dev start`: embedded engines, then API, worker and scheduler in this one process, until a signal. */
export async function devStart(options: DevStartOptions): Promise<void> {
  const began = Date.now();
  const settings = loadSettings(options.env, { ...DEV_TIMINGS, ...options.flags });
  armFaults(settings.SPECTRA_FAULTS);
  const build = await readBuildInfo(DIST_FOLDER);
  const stop = waitForStop(options.lifeline);
  const stopping = new AbortController();
  let broken: (message: string) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    broken = (message) => {
      reject(new Error(message));
    };
  });
  failed.catch(() => undefined);
  // Whatever escapes every promise still ends in an orderly stop, so that nothing is left half done or running.
  process.on('uncaughtException', (error) => {
    if (stopping.signal.aborted) say(`While stopping: ${error.message}`);
    else broken(error.stack ?? error.message);
  });

  const last = readStackFile(settings.SPECTRA_DATA_DIR);
  const engines = await startEmbedded(settings, broken);
  let services: Services | undefined;
  let roles: RunningRoles | undefined;
  try {
    const wired = withEngines(options, settings, engines);
    const bind = await apiAddress(wired, last?.addresses.api ?? null);
    services = await openDevServices(wired, build);
    roles = await startRoles(services, { roles: ['api', 'worker', 'scheduler'], bind, signal: stopping.signal });
    await activate(services.pool, services.generation);
    const url = roles.apiUrl ?? '';
    writeStackFile(engines.dataDir, {
      version: build.version,
      addresses: {
        api: url,
        temporal: engines.temporal.address,
        temporalUi: engines.temporal.uiUrl,
        postgres: engines.postgres.address,
        surrealdb: new URL(engines.surrealdb.url).host,
      },
    });
    say(
      `Spectra ${build.version} is ready at ${url} (generation ${services.generation}, ${((Date.now() - began) / 1000).toFixed(1)} s).`,
    );
    const introduce = welcome(options, services, engines, url, stopping.signal);
    const reason = await Promise.race([stop, failed, roles.failed]);
    say(`Stopping (${reason}).`);
    stopping.abort();
    await introduce;
  } finally {
    stopping.abort();
    await roles?.stop();
    await services?.close();
    await engines.stop();
  }
  say('Stopped.');
  process.exit(0);
}

/** Shows the main job once per data directory; a first start that was cut off is made up for by the next. */
async function firstRun(credentials: Credentials, dataDir: string, signal: AbortSignal): Promise<void> {
  const done = join(dataDir, 'first-run.done');
  if (existsSync(done)) return;
  await demonstrate(credentials, join(PROJECT_FOLDER, 'samples'), say, signal);
  if (!signal.aborted) writeFileSync(done, '');
}

async function welcome(
  options: DevStartOptions,
  services: Services,
  engines: Engines,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (!options.bootstrap) return;
    const { credentials, newKeys } = await bootstrap(services, url);
    if (newKeys) showKeys(credentials, engines.dataDir, say);
    await firstRun(credentials, engines.dataDir, signal);
    if (signal.aborted) return;
    showLinks({ credentials, temporalUi: engines.temporal.uiUrl, dataDir: engines.dataDir, showKey: newKeys }, say);
  } catch (error) {
    if (signal.aborted) return;
    services.logger.error({ err: error }, 'the first run did not finish');
    say(`The first run did not finish: ${error instanceof Error ? error.message : 'unknown'} The stack runs on.`);
  }
}
