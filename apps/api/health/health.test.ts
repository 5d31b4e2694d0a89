import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { healthSchema, probeSchema, serviceHealthSchema, versionSchema } from '#libs/contracts/index.js';
import { createPool } from '#libs/stores/postgres/index.js';
import { TestApi } from '../../../test/setup/api-for-test.js';
import { startApi } from '../api-server.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const get = (path: string) => api.call('get', path, { key: null });

describe('health', () => {
  it('says that it is up, as the published service does', async () => {
    const answer = await get('/api/v1/health');
    expect(answer.status).toBe(200);
    expect(serviceHealthSchema.strict().parse(answer.body)).toEqual({
      status: 'ok',
      surrealdb: 'connected',
      object_store: 'ok',
      version: '0.0.0-test',
    });
  });

  it('is degraded, not down, without a live worker of its generation', async () => {
    const answer = await get('/health');
    expect(answer.status).toBe(200);
    const health = healthSchema.strict().parse(answer.body);
    expect(health).toMatchObject({
      status: 'degraded',
      generation: api.services.generation,
      environment: 'test',
      wiring: { outbox: { state: 'wired' }, surrealdb: { state: 'wired' }, worker: { state: 'degraded' } },
    });
  });

  it('is 503 when the outbox does not answer, while the process lives', async () => {
    const dead = createPool({
      url: 'postgres://nobody@127.0.0.1:9/nothing',
      max: 1,
      applicationName: 'dead',
      onError: () => undefined,
    });
    const other = await startApi({ ...api.services, pool: dead }, { host: '127.0.0.1', port: 0 });
    try {
      const answer = await fetch(`${other.url}/health`);
      expect(answer.status).toBe(503);
      const health = healthSchema.strict().parse(await answer.json());
      expect(health).toMatchObject({ status: 'unavailable', wiring: { outbox: { state: 'unwired' } } });
      expect((await fetch(`${other.url}/health/live`)).status).toBe(200);
      expect((await fetch(`${other.url}/health/ready`)).status).toBe(200);
    } finally {
      await other.stop();
      await dead.end();
    }
  });

  it('is live and ready', async () => {
    for (const path of ['/health/live', '/health/ready'])
      expect(probeSchema.strict().parse((await get(path)).body)).toEqual({ status: 'ok' });
  });

  it('tells which code runs as which generation', async () => {
    expect(versionSchema.strict().parse((await get('/version')).body)).toMatchObject({
      service: 'api',
      generation: api.services.generation,
      commit_sha: 'test',
    });
  });
});

describe('/metrics', () => {
  it('counts requests by route and status, never by id, and bytes of accepted uploads', async () => {
    const content = 'twenty-one bytes here';
    const { id } = await api.upload(content);
    await api.document(id);
    const answer = await get('/metrics');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const label = `generation="${api.services.generation}"`;
    expect(answer.text).toContain(`spectra_documents_bytes_ingested_total{${label}} ${content.length}\n`);
    expect(answer.text).toMatch(
      /spectra_requests_total\{endpoint="GET \/api\/v1\/:contextId\/documents\/:documentId",status="200",generation="\d+"\} 1\n/,
    );
    for (const name of [
      'spectra_request_duration_seconds_bucket',
      'spectra_outbox_events_total',
      'spectra_outbox_start_delay_seconds',
      'spectra_outbox_listener_healthy',
      'process_resident_memory_bytes',
    ])
      expect(answer.text).toContain(name);
    expect(answer.text).not.toContain(id);
    expect(answer.text).not.toContain(api.contextId);
  });
});
