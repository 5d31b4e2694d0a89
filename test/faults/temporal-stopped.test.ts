import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadSettings } from '#libs/config/index.js';
import type { UploadResponse } from '#libs/contracts/index.js';
import { choosePort } from '../../apps/spectrad/embedded/ports.js';
import { startTemporal, type RunningTemporal } from '../../apps/spectrad/embedded/temporal-server.js';
import { findTemporalServer } from '../../temporal/server-binary.js';
import { eventually, FaultWorld } from './fault-world.js';

const DOCUMENTS = 5;

describe('a Temporal server that stopped answering', () => {
  let dataDir: string;
  let temporal: RunningTemporal;
  let world: FaultWorld;

  // A server of its own: freezing the one of the test run would stop the tests beside this one.
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'spectra-frozen-'));
    const { path: binary } = await findTemporalServer({
      cacheDir: loadSettings(process.env).SPECTRA_CACHE_DIR,
      moduleDir: join(process.cwd(), 'temporal'),
      onProgress: () => undefined,
    });
    temporal = await startTemporal({
      dataDir,
      host: '127.0.0.1',
      port: await choosePort([], '127.0.0.1'),
      uiPort: null,
      binary,
      compiledDir: join(process.cwd(), 'dist', 'apps', 'spectrad', 'embedded'),
    });
    world = await FaultWorld.open({ TEMPORAL_ADDRESS: temporal.address });
  }, 60_000);
  afterAll(async () => {
    signalTemporal('SIGCONT');
    await world.close();
    await temporal.engine.stop();
    await rm(dataDir, { recursive: true, force: true });
  }, 30_000);

  function signalTemporal(signal: NodeJS.Signals): void {
    process.kill(temporal.engine.engine.pid, signal);
  }

  it('costs no upload and no attempt: 202 and queued meanwhile, the api alive, everything ready when it goes on', async () => {
    await world.startReady('worker');
    const api = await (await world.start('api')).ready();
    signalTemporal('SIGSTOP');

    const ids: string[] = [];
    for (let n = 0; n < DOCUMENTS; n += 1) {
      const answer = await world.upload(api, { content: `Document ${n} waits for Temporal.` });
      expect(answer.status).toBe(202);
      const accepted = (await answer.json()) as UploadResponse;
      expect(accepted).toMatchObject({ status: 'queued', deduplicated: false });
      ids.push(accepted.id);
    }
    // The worker has tried, noticed that Temporal is away as a whole, and given the events back.
    await eventually(async () => {
      const rows = await world.outbox();
      expect(rows.map((row) => row.status)).toEqual(rows.map(() => 'pending'));
      expect(rows.some((row) => row.claimed_at !== null)).toBe(true);
    });
    for (const row of await world.outbox()) {
      expect(row).toMatchObject({ attempts: expect.any(Number), last_error: null, failure_history: [] });
      expect(row.attempts).toBeLessThanOrEqual(1); // 1 while the circuit probes with it, 0 otherwise
    }
    const live = await fetch(`${api}/health/live`, { signal: AbortSignal.timeout(1_000) });
    expect(await live.json()).toEqual({ status: 'ok' });
    for (const id of ids) expect(await world.document(id)).toMatchObject({ status: 'queued', error: null });

    signalTemporal('SIGCONT');
    for (const id of ids) await world.documentBecomes(id, 'ready');
    await eventually(async () => {
      const rows = await world.outbox();
      expect(rows.map(({ status, attempts, last_error }) => ({ status, attempts, last_error }))).toEqual(
        ids.map(() => ({ status: 'delivered', attempts: 1, last_error: null })),
      );
    });
    for (const id of ids) expect(await world.runsOf(id)).toHaveLength(1);
  }, 120_000);
});
