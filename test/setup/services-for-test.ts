import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadSettings, type Flags, type LoadedSettings } from '#libs/config/index.js';
import { allocateGeneration } from '#libs/generations/index.js';
import { createPool } from '#libs/stores/postgres/index.js';
import { createLogger } from '#libs/telemetry/index.js';
import { openServices, type Services } from '../../apps/spectrad/services.js';
import { testDatabase } from './postgres-for-test.js';

/** Timings that make leases and retries short enough for a test. */
export const TEST_TIMINGS: Flags = {
  SPECTRA_HANDLER_MAX_MS: '1500',
  SPECTRA_SHUTDOWN_GRACE_MS: '2500',
  SPECTRA_CLAIM_TTL_MS: '3000',
  SPECTRA_REAPER_INTERVAL_MS: '500',
  SPECTRA_POLL_HEALTHY_MS: '500',
  SPECTRA_POLL_DEGRADED_MS: '250',
  SPECTRA_HEARTBEAT_MS: '1000',
};

export interface TestServices {
  readonly services: Services;
  readonly settings: LoadedSettings;
  /** The same configuration as environment variables, for roles that run as processes of their own. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Services over the real engines of the test run: a Postgres database, a SurrealDB namespace and a folder of their own. */
export async function testServices(flags: Flags = {}): Promise<TestServices> {
  const database = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'spectra-objects-'));
  const namespace = `t${randomBytes(8).toString('hex')}`;
  const generation = await allocateGeneration(database.pool, { reference: 'test', tag: null, deployedBy: 'test' });
  const environment: Record<string, string> = {
    ...(TEST_TIMINGS as Record<string, string>),
    SPECTRA_ENVIRONMENT: 'test',
    SPECTRA_LOG_LEVEL: process.env['SPECTRA_TEST_LOG_LEVEL'] ?? 'silent',
    SPECTRA_DATA_DIR: folder,
    SPECTRA_BIND_ADDRESS: '127.0.0.1:0',
    SPECTRA_GENERATION: String(generation),
    SPECTRA_KEY_HASH_SECRET: randomBytes(24).toString('hex'),
    DATABASE_URL: database.url,
    SURREALDB_CONNECTION: process.env['SPECTRA_TEST_SURREALDB'] ?? '',
    SPECTRA_SURREALDB_NAMESPACE: namespace,
    SPECTRA_OBJECT_STORE_URL: pathToFileURL(join(folder, 'objects')).href,
    TEMPORAL_ADDRESS: process.env['SPECTRA_TEST_TEMPORAL_ADDRESS'] ?? '',
    ...(flags as Record<string, string>),
  };
  const settings = loadSettings(environment);
  const logger = createLogger({ level: settings.SPECTRA_LOG_LEVEL, role: 'test', generation });
  const pool = createPool({ url: database.url, max: 12, applicationName: 'test', onError: () => undefined });
  const services = openServices({
    settings,
    build: { version: '0.0.0-test', sha: 'test', builtAt: '', codeHash: '', lockHash: '' },
    generation,
    deployedAt: new Date().toISOString(),
    logger,
    pool,
  });
  await services.registry.initialise();
  return {
    services,
    settings,
    environment,
    close: async () => {
      await services.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A Context of its own with a key of its administrator. */
export async function testContext(
  services: Services,
): Promise<{ contextId: string; key: string; managementKey: string }> {
  const contextId = `c-${randomBytes(6).toString('hex')}`;
  await services.registry.create(contextId, {
    namespace: services.settings.SPECTRA_SURREALDB_NAMESPACE + 'x',
    database: contextId,
  });
  const { key } = await services.keys.mint({ contextId, principalId: 'admin' });
  const managementKey = (await services.keys.ensureManagementKey()) ?? '';
  return { contextId, key, managementKey };
}
