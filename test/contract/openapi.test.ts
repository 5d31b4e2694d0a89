import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openApiDocument, operations, type Operation } from '#libs/contracts/index.js';
import { ApiModule } from '../../apps/api/api.module.js';
import { createFastifyAdapter } from '../../apps/api/http/fastify.js';
import { InFlightRequests } from '../../apps/api/http/in-flight.js';
import { TestApi } from '../setup/api-for-test.js';

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}
interface OpenApiOperation {
  readonly operationId: string;
  readonly security: readonly unknown[];
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly required?: boolean }[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

const project = new URL('../../', import.meta.url);
const committed = async (): Promise<OpenApi> =>
  JSON.parse(await readFile(new URL('docs/api/openapi.json', project), 'utf8')) as OpenApi;
const all = Object.values<Operation>(operations);

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

/** Routes that are no operations of the contract: Prometheus' format, and the documentation itself. */
const OUTSIDE = /^(\/metrics|\/openapi\.json|\/docs(\/.*)?)$/;

describe('the committed OpenAPI document', () => {
  it('is what the contracts say today (else: npm run openapi)', async () => {
    const { version } = JSON.parse(await readFile(new URL('package.json', project), 'utf8')) as { version: string };
    expect(await committed()).toEqual(JSON.parse(JSON.stringify(openApiDocument(version))));
  });

  it('is what the API serves, apart from the version of the build', async () => {
    const served = (await api.call('get', '/openapi.json', { key: null })).body as unknown as OpenApi;
    const document = await committed();
    expect({ ...served, info: { ...served.info, version: document.info.version } }).toEqual(document);
  });

  it('is OpenAPI 3.1 in which every reference resolves, every id is unique and every template names its parameters', async () => {
    const document = await committed();
    expect(document.openapi).toMatch(/^3\.1\./);
    for (const [, ref] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) {
      const target = (ref ?? '')
        .replace('#/', '')
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect([ref, target]).toEqual([ref, expect.anything()]);
    }
    const found = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
    );
    expect(new Set(found.map(({ operation }) => operation.operationId)).size).toBe(found.length);
    expect(found).toHaveLength(all.length);
    for (const { path, operation } of found) {
      const templated = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map((parameter) => parameter.name).sort()).toEqual(templated.sort());
      expect(declared.every((parameter) => parameter.required)).toBe(true);
      const statuses = Object.keys(operation.responses);
      expect(statuses.some((status) => status.startsWith('2'))).toBe(true);
      for (const response of Object.values(operation.responses)) expect(response.description).not.toBe('');
      expect(statuses.includes('401')).toBe(operation.security.length > 0);
    }
  });

  it('is shown to people at /docs', async () => {
    const response = await fetch(`${api.url}/docs/`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
    expect(await (await fetch(`${api.url}/docs/json`)).json()).toMatchObject({ info: { title: 'Spectra' } });
  });
});

describe('routes and operations', () => {
  it('are the same: every operation answers, and nothing else does', async () => {
    const routes = new Set<string>();
    const adapter = await createFastifyAdapter({
      logger: api.services.logger,
      metrics: api.services.metrics,
      inFlight: new InFlightRequests(8),
    });
    adapter.getInstance().addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) if (name !== 'HEAD' && name !== 'OPTIONS') routes.add(`${name} ${url}`);
    });
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and takes literals
    const app = await NestFactory.create<NestFastifyApplication>(ApiModule.over(api.services, {}), adapter, {
      bodyParser: false,
      logger: false,
    });
    await app.init();
    await app.close();
    const declared = all.map(({ method, path }) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
    const inside = [...routes].filter((route) => !OUTSIDE.test(route.split(' ')[1] ?? ''));
    expect(inside.sort()).toEqual(declared.sort());
  });
});
