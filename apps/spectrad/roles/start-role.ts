import { loadSettings, readBuildInfo, type Flags, type LoadedSettings } from '#libs/config/index.js';
import { deployedAt, verifyCodeHash } from '#libs/generations/index.js';
import { armFaults, createLogger } from '#libs/telemetry/index.js';
import { DIST_FOLDER } from '../dist-folder.js';
import { openPool, openServices, required } from '../services.js';
import { waitForStop } from '../stop-signals.js';
import { startRoles, type RoleName } from './running-roles.js';

export type Role = RoleName;

const DEFAULT_BIND = { host: '0.0.0.0', port: 9090 };

function requireGeneration(settings: LoadedSettings): number {
  return required(
    settings.SPECTRA_GENERATION,
    'SPECTRA_GENERATION',
    'Allocate one per deploy with `spectrad generations allocate` and set it on the container together with the image.',
  );
}

/** `spectrad api|worker|scheduler start`: one role as a process of its own over external stores, until a signal. */
export async function startRole(role: Role, env: NodeJS.ProcessEnv, flags: Flags): Promise<void> {
  const settings = loadSettings(env, flags);
  armFaults(settings.SPECTRA_FAULTS);
  const generation = requireGeneration(settings);
  const build = await readBuildInfo(DIST_FOLDER);
  const logger = createLogger({ level: settings.SPECTRA_LOG_LEVEL, role, generation });
  const stop = waitForStop(null);
  const stopping = new AbortController();
  const crashed = new Promise<never>((_resolve, reject) => {
    process.on('uncaughtException', (error) => {
      logger.fatal({ err: error }, 'an error escaped');
      reject(error);
    });
  });
  crashed.catch(() => undefined);
  const pool = openPool(settings, role, logger);
  await verifyCodeHash(pool, generation, build.codeHash);
  const services = openServices({
    settings,
    build,
    generation,
    deployedAt: (await deployedAt(pool, generation))?.toISOString() ?? '',
    logger,
    pool,
  });
  await services.registry.initialise();
  if (role === 'api' && settings.SPECTRA_MANAGEMENT_API_KEY)
    await services.keys.ensureManagementKey(settings.SPECTRA_MANAGEMENT_API_KEY);
  const roles = await startRoles(services, {
    roles: [role],
    bind: settings.SPECTRA_BIND_ADDRESS ?? DEFAULT_BIND,
    signal: stopping.signal,
  });
  logger.info({ url: roles.apiUrl }, `${role} started`);
  let exitCode = 0;
  try {
    logger.info({ reason: await Promise.race([stop, roles.failed, crashed]) }, 'stopping');
  } catch (error) {
    logger.fatal({ err: error }, `${role} failed`);
    exitCode = 1;
  } finally {
    stopping.abort();
    await roles.stop();
    await services.close();
  }
  process.exit(exitCode);
}
