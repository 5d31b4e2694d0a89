import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DOCUMENT_STATUSES, MEMORY_QUERY_MODES, TURN_ROLES } from '#libs/contracts/index.js';
import * as choices from './choices.js';
import type { CliIo } from './io.js';
import { runCli, type CliRun } from './testing/run-cli.js';
import { API_KEY, MANAGEMENT_KEY, wireService, type WireService } from './testing/wire-service.js';

let cwd: string;
let service: WireService;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'spectra-cli-'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});
beforeEach(async () => {
  service = await wireService();
  env = {
    SPECTRA_URL: service.url,
    SPECTRA_CONTEXT_ID: 'demo',
    SPECTRA_API_KEY: API_KEY,
    SPECTRA_MANAGEMENT_API_KEY: MANAGEMENT_KEY,
  };
});
afterEach(async () => {
  await service[Symbol.asyncDispose]();
});

const spectra = (line: string | readonly string[], io: Partial<CliIo> = {}): Promise<CliRun> =>
  runCli(typeof line === 'string' ? line.split(' ') : line, { env, cwd, ...io });

describe('help', () => {
  it.each([
    '',
    'health',
    'contexts list',
    'contexts create',
    'contexts show',
    'contexts delete',
    'keys list',
    'keys mint',
    'keys delete',
    'documents',
    'documents upload',
    'documents list',
    'documents show',
    'documents delete',
    'documents download',
    'recall',
    'remember',
  ])('of `%s` has an example and the global flags, and is an answer', async (command) => {
    const { code, stdout, stderr } = await spectra([...command.split(' ').filter(Boolean), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`Examples:\\n  (spectra ${command}|export )`));
    expect(stdout).toContain('--json');
    expect(stdout).toContain('--api-key');
  });

  it('documents the exit codes', async () => {
    const { stdout } = await spectra('--help');
    for (const line of ['0  done', '2  the command line', '3  not authorised', '4  not found', '5  the server', '130'])
      expect(stdout).toContain(line);
  });

  it('is a complaint for a group without a command', async () => {
    const { code, stdout, stderr } = await spectra('documents');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: spectra documents');
  });

  it('knows its version', async () => {
    expect(await spectra('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  });

  it('offers the values that the contracts have', () => {
    expect(choices.DOCUMENT_STATUSES).toEqual(DOCUMENT_STATUSES);
    expect(choices.QUERY_MODES).toEqual(MEMORY_QUERY_MODES);
    expect(choices.TURN_ROLES).toEqual(TURN_ROLES);
  });
});

describe('commands that read', () => {
  it('health shows the wiring as a table', async () => {
    const { code, stdout } = await spectra('health');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      `Spectra 0.1.0 at ${service.url}: degraded`,
      'generation 1 · commit abc · environment development',
      '',
      'PART    STATE     DETAIL',
      'outbox  wired     -',
      'model   degraded  local only',
      '',
    ]);
  });

  it('health ends with 5 when the service cannot work', async () => {
    const wiring = { outbox: { state: 'unwired' } };
    service.overrides.set('health', {
      status: 503,
      json: { status: 'unavailable', version: '1', commit_sha: '', generation: 1, environment: '', wiring },
    });
    expect((await spectra('health')).code).toBe(5);
  });

  it('contexts list and show', async () => {
    expect((await spectra('contexts list')).stdout).toContain('demo  contexts/demo  local (384-d)  2026-11-21 12:00');
    expect((await spectra('contexts show demo')).stdout).toContain('database    contexts/demo');
  });

  it('recall shows rank, score, title, page, heading and the wrapped passage, and nothing that steers a terminal', async () => {
    const { code, stdout } = await spectra(['recall', 'who approves?', '--explain'], {
      isTTY: { stdout: true, stderr: true },
    });
    expect(code).toBe(0);
    expect(service.calls.at(-1)?.body).toMatchObject({ query: 'who approves?', k: 5, explain: true });
    expect(stdout).not.toContain('\u001b[31m');
    const plain = stdout.replace(/\u001b\[\d+m/g, '');
    const lines = plain.split('\n');
    expect(lines[0]).toBe('1.   0.912  The playbook  p. 3 · Roles > Owner');
    expect(plain).toContain('bm25 #1: 0.600 = weight 0.60 x 1.000 (raw 12.500)');
    expect(plain).toContain('2.   0.500  memory chunk');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('recall --documents asks for passages of documents', async () => {
    const { stdout } = await spectra(['recall', 'x', '--documents', '-k', '2', '--mode', 'graph']);
    expect(service.calls.at(-1)).toMatchObject({ id: 'queryDocuments', body: { k: 2, mode: 'hybrid_graph' } });
    expect(stdout).toContain('1.   0.900  The playbook\n');
  });

  it.each([
    ['health', 'wiring'],
    ['contexts list', 'contexts'],
    ['contexts show demo', 'id'],
    ['keys mint ci', 'key'],
    ['documents list', 'documents'],
    ['recall x', 'hits'],
    ['recall x --documents', 'results'],
    ['remember x', 'sessionId'],
    ['contexts delete demo --yes', 'deleted'],
    ['keys delete ci', 'deleted'],
  ])('`%s --json` writes one JSON value and no colour', async (line, property) => {
    for (const argv of [`${line} --json`, `--json ${line}`]) {
      const { code, stdout } = await spectra(argv, { isTTY: { stdout: true, stderr: true } });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toHaveProperty(property);
      expect(stdout).not.toContain('\u001b');
    }
  });

  it('colours only on a terminal, and not there when told so', async () => {
    const terminal = { isTTY: { stdout: true, stderr: true } };
    expect((await spectra('health', terminal)).stdout).toContain('\u001b[33mdegraded');
    expect((await spectra('health')).stdout).not.toContain('\u001b');
    expect((await spectra('health --no-color', terminal)).stdout).not.toContain('\u001b');
    expect((await spectra('health', { ...terminal, env: { ...env, NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
  });
});

describe('commands that write', () => {
  it('contexts create gives the Context a database of its own name', async () => {
    expect((await spectra('contexts create team-a --description notes')).code).toBe(0);
    expect(service.calls.at(-1)).toMatchObject({
      id: 'createContext',
      params: { contextId: 'team-a' },
      body: { namespace: 'contexts', database: 'team-a', description: 'notes' },
    });
  });

  it('contexts delete wants --yes', async () => {
    const { code, stderr } = await spectra('contexts delete demo');
    expect(code).toBe(2);
    expect(stderr).toContain('Add --yes');
    expect(service.calls).toEqual([]);
  });

  it('keys mint writes the secret alone to stdout', async () => {
    const { stdout, stderr } = await spectra('keys mint ci --principal agent --ttl 30d');
    expect(stdout).toBe('sp-new-shown1time\n');
    expect(stderr).toContain('shown once');
    expect(service.calls.at(-1)).toMatchObject({
      params: { contextId: 'demo', principalId: 'agent', keyName: 'ci' },
      query: { ttlSeconds: 2_592_000 },
    });
  });

  it('keys list takes all keys of the Context, or those of a principal', async () => {
    expect((await spectra('keys list')).stdout).toContain('ci    admin      2026-11-21 12:00  -          for ever');
    await spectra('keys list --principal admin');
    expect(service.calls.map(({ id }) => id)).toEqual(['listContextKeys', 'listPrincipalKeys']);
  });

  it('remember stores the text as it is', async () => {
    const { stdout } = await spectra(['remember', 'The audit is due.', '--session', 'planning', '--role', 'user']);
    expect(stdout).toContain('planning');
    expect(service.calls.at(-1)?.body).toMatchObject({
      text: 'The audit is due.',
      infer: 'none',
      session_id: 'planning',
      role: 'user',
    });
  });
});

describe('failures', () => {
  it.each([
    ['an unknown command', 'documents lost', 2, 'unknown command'],
    ['an unknown flag', 'health --loud', 2, "unknown option '--loud'"],
    ['a missing argument', 'recall', 2, 'missing required argument'],
    ['a value that is none', 'recall x --mode psychic', 2, 'Allowed choices are hybrid, vector, bm25, graph'],
    ['a number that is none', 'recall x -k many', 2, 'whole number'],
    ['a duration that is none', 'keys mint ci --ttl soon', 2, 'e.g. 30d'],
    ['a label that is none', 'documents upload . --label team', 2, 'key=value'],
    ['a refused key', 'documents list -a sp-wrong-key', 3, 'The key came from --api-key.'],
    [
      'an unknown document',
      'documents show 01k9zq3v8r6p2m4n7t5w1x0y9b',
      4,
      'There is no such document. (not_found, request req-7)',
    ],
  ])('%s', async (_what, line, exitCode, message) => {
    const plain = await spectra(line);
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(plain.stderr).toContain(message);
    expect(plain.stderr).toMatch(/^spectra: /);

    const json = await spectra(`${line} --json`);
    expect({ code: json.code, stdout: json.stdout }).toEqual({ code: exitCode, stdout: '' });
    const { error } = JSON.parse(json.stderr) as { error: { code: string; message: string; requestId?: string } };
    const { code, message: sentence, requestId } = error;
    expect(`${sentence} (${code}${requestId === undefined ? '' : `, request ${requestId}`})`).toContain(message);
  });

  it('a server that fails is 5, one that is not there is 5 with how to start it', async () => {
    service.overrides.set('query', { status: 500, json: { message: 'Broken.', code: 'internal', requestId: 'r-1' } });
    expect(await spectra('recall x')).toMatchObject({ code: 5, stderr: 'spectra: Broken. (internal, request r-1)\n' });

    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    listener.close();
    await once(listener, 'close');
    const gone = await spectra(`health --url http://127.0.0.1:${port}`);
    expect(gone.code).toBe(5);
    expect(gone.stderr).toContain('Start it with `npm start`');
  });

  it('a missing key is told with what to set, before anything is sent', async () => {
    const { code, stderr } = await spectra('documents list', {
      env: { SPECTRA_URL: service.url, SPECTRA_CONTEXT_ID: 'demo' },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('SPECTRA_API_KEY');
    expect(service.calls).toEqual([]);
  });

  it('shows what is wrong with each field, and never a key', async () => {
    const issues = [{ path: 'labels.0', message: 'no' }];
    service.overrides.set('query', {
      status: 400,
      json: { message: `Bad ${API_KEY}.`, code: 'validation_error', requestId: 'r', issues },
    });
    const { code, stderr } = await spectra('recall x');
    expect(code).toBe(1);
    expect(stderr).toBe('spectra: Bad <key>. (validation_error, request r)\n  labels.0: no\n');
  });
});
