import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CliIo } from '../io.js';
import { runCli, type CliRun } from '../testing/run-cli.js';
import { API_KEY, wireService, type WireService } from '../testing/wire-service.js';

let cwd: string;
let service: WireService;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'spectra-cli-documents-'));
  service = await wireService();
  env = { SPECTRA_URL: service.url, SPECTRA_CONTEXT_ID: 'demo', SPECTRA_API_KEY: API_KEY };
});
afterEach(async () => {
  await service[Symbol.asyncDispose]();
  await rm(cwd, { recursive: true });
});

const spectra = (line: string, io: Partial<CliIo> = {}): Promise<CliRun> =>
  runCli(line.split(' '), { env, cwd, ...io });

async function file(path: string, content = `content of ${path}`): Promise<void> {
  await mkdir(dirname(join(cwd, path)), { recursive: true });
  await writeFile(join(cwd, path), content);
}

const uploads = (): string[] => service.calls.flatMap(({ upload }) => (upload ? [upload.file.name] : []));

interface Report {
  readonly documents: {
    path: string;
    outcome: string;
    status?: string;
    id?: string;
    error?: { code: string; message: string };
  }[];
  readonly skipped: { path: string; reason: string }[];
}
const report = ({ stdout }: CliRun): Report => JSON.parse(stdout) as Report;

describe('documents upload', () => {
  it('takes a folder with its folders, leaves out what is no document, and waits until all are ready', async () => {
    for (const path of [
      'a.md',
      'deep/b.txt',
      'deep/er/c.html',
      'picture.png',
      '.hidden/d.md',
      '.e.md',
      'node_modules/f.md',
    ])
      await file(`in/${path}`);
    await symlink(join(cwd, 'in'), join(cwd, 'in', 'loop'));
    const run = await spectra('documents upload in --json');
    expect(run.code).toBe(0);
    expect(report(run).documents.map(({ path, outcome, status }) => [path, outcome, status])).toEqual([
      ['in/a.md', 'uploaded', 'ready'],
      ['in/deep/b.txt', 'uploaded', 'ready'],
      ['in/deep/er/c.html', 'uploaded', 'ready'],
    ]);
    expect(report(run).skipped.map(({ path }) => path)).toEqual(['in/loop', 'in/picture.png']);
    expect(run.stderr).toContain('skipped in/picture.png');
    expect(run.stderr).toContain('in/a.md: embedding\n');
    expect(run.stderr).toContain('in/a.md: ready (2 chunks)\n');
    expect(service.calls.find(({ upload }) => upload?.file.name === 'a.md')?.upload?.file.type).toBe('text/markdown');
  });

  it('tries a file that is named, whatever it is', async () => {
    await file('.odd.xyz');
    expect((await spectra('documents upload .odd.xyz')).code).toBe(0);
    expect(uploads()).toEqual(['.odd.xyz']);
  });

  it('does not send again what is already there, and sends what failed', async () => {
    await file('a.md');
    await file('b.md');
    await file('broken.md');
    expect((await spectra('documents upload .')).code).toBe(1);
    await file('renamed.md', 'content of a.md');
    await file('b.md', 'new content');
    service.statusesOf = () => ['queued', 'ready'];
    const run = await spectra('documents upload . --json');
    expect(report(run).documents.map(({ path, outcome }) => [path, outcome])).toEqual([
      ['a.md', 'already-there'],
      ['b.md', 'uploaded'],
      ['broken.md', 'already-there'],
      ['renamed.md', 'already-there'],
    ]);
    // broken.md was sent, and it was the service that knew it.
    expect(uploads().slice(3).sort()).toEqual(['b.md', 'broken.md']);
  });

  it('says what failed and why, carries on with the rest, and ends with 1', async () => {
    await file('broken.pdf');
    await file('fine.md');
    const run = await spectra('documents upload .');
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/^broken\.pdf +uploaded +failed/m);
    expect(run.stdout).toMatch(/^fine\.md +uploaded +ready +2/m);
    expect(run.stdout).toContain('2 documents: 1 uploaded, 1 failed.');
    expect(run.stderr).toContain('broken.pdf: This PDF has no text.');
  });

  it('keeps one refused file apart from the others', async () => {
    await file('a.md');
    service.overrides.set('uploadDocument', {
      status: 415,
      json: { message: 'Not supported.', code: 'unsupported_media_type', requestId: 'r-2' },
    });
    const run = await spectra('documents upload a.md --json');
    expect(run.code).toBe(1);
    expect(report(run).documents).toEqual([
      {
        path: 'a.md',
        outcome: 'failed',
        error: { code: 'unsupported_media_type', message: 'Not supported.', status: 415, requestId: 'r-2' },
      },
    ]);
  });

  it('stops when the server is gone in the middle, and says what was not tried', async () => {
    for (let i = 0; i < 9; i++) await file(`f${i}.md`);
    service.overrides.set('uploadDocument', {
      status: 503,
      json: { message: 'Full.', code: 'unavailable', requestId: 'r-3' },
    });
    const run = await spectra('documents upload . --json');
    expect(run.code).toBe(5);
    const outcomes = report(run).documents.map(({ outcome }) => outcome);
    expect(outcomes).toHaveLength(9);
    expect(outcomes).toContain('not-tried');
    expect(JSON.parse(run.stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
      error: { code: 'unavailable', requestId: 'r-3' },
    });
  });

  it('returns at once with --no-wait, and after --timeout with what is not finished', async () => {
    await file('slow.md');
    service.statusesOf = () => ['queued'];
    const accepted = await spectra('documents upload slow.md --no-wait --json');
    expect(accepted.code).toBe(0);
    expect(report(accepted).documents[0]).toMatchObject({ outcome: 'uploaded', status: 'queued' });
    expect(service.calls.map(({ id }) => id)).not.toContain('getDocument');

    const late = await spectra('documents upload slow.md --timeout 1s --json');
    expect(late.code).toBe(1);
    expect(report(late).documents[0]).toMatchObject({
      outcome: 'already-there',
      status: 'queued',
      error: { code: 'wait_timeout' },
    });
  });

  it('sends title, source and labels, and a title for one document only', async () => {
    await file('a.md');
    await file('b.md');
    const flags = '--title Field --source https://example.org/a --label team=ops --label year=2026';
    expect((await spectra(`documents upload a.md ${flags}`)).code).toBe(0);
    expect(service.calls.at(-1)?.id).toBe('getDocument');
    expect(service.calls.find(({ upload }) => upload)?.upload?.metadata).toEqual({
      title: 'Field',
      source: 'https://example.org/a',
      labels: ['team=ops', 'year=2026'],
    });
    const two = await spectra(`documents upload a.md b.md ${flags}`);
    expect({ code: two.code, stderr: two.stderr }).toEqual({
      code: 2,
      stderr: 'spectra: --title names one document, and these are 2. (usage)\n',
    });
  });

  it('uploads nothing when a path is not there, or a folder has nothing', async () => {
    await file('a.md');
    await file('empty/.keep');
    expect(await spectra('documents upload a.md absent.md')).toMatchObject({
      code: 2,
      stderr: 'spectra: There is no absent.md. (usage)\n',
    });
    expect((await spectra('documents upload empty')).code).toBe(2);
    expect(service.calls).toEqual([]);
  });

  it('draws bars on a terminal and removes them at the end', async () => {
    for (let i = 0; i < 12; i++) await file(`f${i}.md`);
    const run = await spectra('documents upload .', { isTTY: { stdout: true, stderr: true } });
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('12/12');
    expect(run.stderr.endsWith('\u001b[0J')).toBe(true);
    // Neither a hidden cursor nor a terminal without line wrapping may be left behind by Ctrl-C.
    expect(run.stderr).not.toMatch(/\u001b\[\?(25|7)l/);
    expect(run.stdout.split('\n').filter((line) => line.includes('ready'))).toHaveLength(12);
  });
});

describe('documents', () => {
  async function uploaded(name: string): Promise<string> {
    await file(name);
    const id = report(await spectra(`documents upload ${name} --json`)).documents[0]?.id;
    if (id === undefined) throw new Error('not uploaded');
    service.calls.length = 0;
    return id;
  }

  it('list shows a table that fits the terminal, or all of it elsewhere', async () => {
    const title = 'A-very-long-title-'.repeat(6);
    await file('a.md');
    await spectra(`documents upload a.md --title ${title}`);
    const whole = await spectra('documents list');
    expect(whole.stdout).toContain(title);
    const narrow = await spectra('documents list --no-color', { isTTY: { stdout: true, stderr: true }, columns: 100 });
    expect(narrow.stdout).toContain('…');
    for (const line of narrow.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect((await spectra('documents list --status failed')).stdout).toBe('No failed document.\n');
  });

  it('show gives the fields, and the chunks on request', async () => {
    const id = await uploaded('a.md');
    expect((await spectra(`documents show ${id}`)).stdout).toContain('status   ready');
    const { stdout } = await spectra(`documents show ${id} --chunks`);
    expect(stdout).toContain('1. Roles > Owner · p. 3 · characters 0-9');
    const json = JSON.parse((await spectra(`documents show ${id} --chunks --json`)).stdout) as { chunks: unknown[] };
    expect(json.chunks).toHaveLength(2);
  });

  it('delete removes what is there and says what was not', async () => {
    const id = await uploaded('a.md');
    const other = '01k9zq3v8r6p2m4n7t5w1x0y9b';
    const run = await spectra(`documents delete ${other} ${id} --json`);
    expect(run.code).toBe(4);
    expect(JSON.parse(run.stdout)).toMatchObject({
      deleted: [id],
      failed: [{ id: other, error: { code: 'not_found' } }],
    });
    expect(service.documents).toEqual([]);
  });

  it('download writes exactly the bytes, to stdout or to a file that is whole or not there', async () => {
    const id = await uploaded('a.pdf');
    expect((await spectra(`documents download ${id}`)).stdoutBytes.toString()).toBe('content of a.pdf');
    const run = await spectra(`documents download ${id} -o copy.pdf --json`);
    expect(JSON.parse(run.stdout)).toMatchObject({ bytes: 16, mediaType: 'application/pdf' });
    expect(await readFile(join(cwd, 'copy.pdf'), 'utf8')).toBe('content of a.pdf');
    expect((await spectra('documents download 01k9zq3v8r6p2m4n7t5w1x0y9b -o gone.pdf')).code).toBe(4);
    expect((await readdir(cwd)).sort()).toEqual(['a.pdf', 'copy.pdf']);
  });

  it('download leaves no half file behind when the connection breaks', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const run = await spectra(`documents download a -o half.pdf -u http://127.0.0.1:${port}`);
    server.close();
    expect(run.code).toBe(5);
    expect(run.stderr).toContain('was cut before the answer was complete');
    expect(await readdir(cwd)).toEqual([]);
  });

  it('download keeps bytes away from a terminal and from a JSON stream', async () => {
    const id = await uploaded('a.pdf');
    expect((await spectra(`documents download ${id}`, { isTTY: { stdout: true, stderr: true } })).code).toBe(2);
    expect((await spectra(`documents download ${id} --json`)).code).toBe(2);
  });
});
