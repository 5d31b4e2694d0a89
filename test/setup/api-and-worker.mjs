// The api and the worker in one process, as `spectrad dev start` runs them, over the stores of a test.
import { loadSettings, readBuildInfo } from '../../dist/libs/config/index.js';
import { createLogger } from '../../dist/libs/telemetry/index.js';
import { DIST_FOLDER } from '../../dist/apps/spectrad/dist-folder.js';
import { startRoles } from '../../dist/apps/spectrad/roles/running-roles.js';
import { openPool, openServices } from '../../dist/apps/spectrad/services.js';

const role = 'api-and-worker';
const settings = loadSettings(process.env);
const generation = settings.SPECTRA_GENERATION ?? 0;
const logger = createLogger({ level: settings.SPECTRA_LOG_LEVEL, role, generation });
const services = openServices({
  settings,
  build: await readBuildInfo(DIST_FOLDER),
  generation,
  deployedAt: '',
  logger,
  pool: openPool(settings, role, logger),
});
await services.registry.initialise();
const roles = await startRoles(services, {
  roles: ['api', 'worker'],
  bind: settings.SPECTRA_BIND_ADDRESS ?? { host: '127.0.0.1', port: 0 },
  signal: new AbortController().signal,
});
logger.info({ url: roles.apiUrl }, `${role} started`);
