// Starts the real engines once for the whole run, from the compiled code, in a data directory of their own. External
// ones are used instead where they are named: SPECTRA_TEST_DATABASE_URL, SPECTRA_TEST_SURREALDB, TEMPORAL_ADDRESS.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = new URL('../../dist/', import.meta.url);
const root = fileURLToPath(new URL('../../', import.meta.url));

export default async function globalSetup() {
  const { loadSettings } = await import(new URL('libs/config/index.js', dist));
  const { startEngines } = await import(new URL('apps/spectrad/embedded/engines.js', dist));
  const { findTemporalServer } = await import(new URL('temporal/server-binary.js', dist));
  const say = (line) => process.stderr.write(`${line}\n`);
  const settings = loadSettings(process.env);
  const external = process.env.TEMPORAL_ADDRESS;
  const temporal = external
    ? { address: external }
    : {
        binary: (
          await findTemporalServer({
            cacheDir: settings.SPECTRA_CACHE_DIR,
            moduleDir: join(root, 'temporal'),
            onProgress: say,
          })
        ).path,
        headless: true,
      };
  const dataDir = await mkdtemp(join(tmpdir(), 'spectra-test-'));
  const engines = await startEngines({
    dataDir,
    temporal,
    // Off the ports of a stack that may run on this machine.
    ports: { postgres: 25432, surrealdb: 28000, temporal: 27233, temporalUi: 28233 },
    extraTemporalNamespaces: ['schedules-test'],
    log: () => undefined,
    onExit: (name, info) => say(`The ${name} of the test run ended by itself: ${JSON.stringify(info)}`),
  });
  globalThis.spectraTestEngines = { engines, dataDir };
  process.env.SPECTRA_TEST_POSTGRES_URL = process.env.SPECTRA_TEST_DATABASE_URL ?? engines.postgres.url;
  process.env.SPECTRA_TEST_SURREALDB ??= `${engines.surrealdb.url};${engines.surrealdb.user};${engines.surrealdb.password}`;
  process.env.SPECTRA_TEST_TEMPORAL_ADDRESS = engines.temporal.address;
}
