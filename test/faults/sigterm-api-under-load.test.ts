import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { UploadResponse } from '#libs/contracts/index.js';
import { probeHealth } from '../setup/health-prober.js';
import { eventually, FaultWorld } from './fault-world.js';

const GRACE_MS = 10_000;

// Fault 27, for the api.
describe('a SIGTERM to an api under load', () => {
  let world: FaultWorld;
  beforeEach(async () => {
    world = await FaultWorld.open({ SPECTRA_SHUTDOWN_GRACE_MS: String(GRACE_MS), SPECTRA_CLAIM_TTL_MS: '20000' });
  });
  afterEach(() => world.close());

  it('turns readiness off first, finishes what is in flight, refuses the rest, and ends with 0 within the grace', async () => {
    // Slow enough that uploads are sure to be in the air when the signal comes, and for a while after it.
    const api = await world.start('api', 'before-commit=delay:1500');
    const url = await api.ready();
    const inFlight = Array.from({ length: 10 }, (_, n) =>
      world.upload(url, { content: `In flight ${n}`, fileName: `${n}.txt` }),
    );
    await eventually(async () => {
      const { rows } = await world.test.services.pool.query<{ open: number }>(
        `select count(*)::int as open from pg_stat_activity
         where datname = current_database() and state = 'idle in transaction'`,
      );
      expect(rows[0]?.open).toBe(10);
    });
    const stopProbe = probeHealth(url);
    api.signal('SIGTERM');
    await eventually(async () => {
      expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    });
    const late = await world.upload(url, { content: 'Too late for this process.' });
    expect(await late.json()).toMatchObject({ status: 503, code: 'stopping', retryable: true });
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);

    const answers = await Promise.all(inFlight);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(await api.exitWithin(GRACE_MS)).toEqual({ code: 0, signal: null });
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as UploadResponse).id));
    expect((await stopProbe()).filter(({ status }) => status === 200).length).toBeGreaterThan(0);

    // Promised is promised, and nothing else is there.
    expect(await world.outbox()).toHaveLength(ids.length);
    expect(await world.documents.list({ page: 0, pageSize: 1 })).toMatchObject({ total: ids.length });
    expect(await world.objectKeys()).toHaveLength(ids.length);
    await world.startReady('worker');
    for (const id of ids) await world.documentBecomes(id, 'ready');
  }, 90_000);

  it('does not wait for a client that never ends its upload: nothing of it stays', async () => {
    const api = await world.start('api');
    const url = await api.ready();
    const controller = new AbortController();
    const endless = new ReadableStream<Uint8Array>({
      start: (stream) => {
        stream.enqueue(
          Buffer.from(
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n' +
              'And so on and so on. '.repeat(10_000),
          ),
        );
      },
    });
    const upload = fetch(`${url}/api/v1/${world.contextId}/documents`, {
      method: 'POST',
      body: endless,
      duplex: 'half',
      signal: controller.signal,
      headers: { authorization: `Bearer ${world.key}`, 'content-type': 'multipart/form-data; boundary=b' },
    } as RequestInit);
    const broken = expect(upload).rejects.toThrow('fetch failed');
    await eventually(async () => {
      expect((await world.objectKeys()).filter((key) => key.startsWith('.incoming'))).toHaveLength(1);
    });
    api.signal('SIGTERM');
    expect(await api.exitWithin(GRACE_MS)).toEqual({ code: 0, signal: null });
    await broken;
    expect(await world.objectKeys()).toEqual([]);
    expect(await world.outbox()).toEqual([]);
  }, 60_000);
});
