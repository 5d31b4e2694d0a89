import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_KEY, wireService, type WireService } from './testing/wire-service.js';

const root = resolve(import.meta.dirname, '../..');
let folder: string;
let service: WireService;

/** The command line as it is shipped: compiled, found through the package's import map, with only its own folders. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spectra-cli-main-'));
  const swc = join(root, 'node_modules/@swc/cli/bin/swc.js');
  const target = ['-d', join(folder, 'dist'), '-q', '--config-file', join(root, '.swcrc'), '--ignore', '**/*.test.ts'];
  await promisify(execFile)(process.execPath, [swc, 'apps/cli', 'libs/client', ...target], { cwd: root });
  const imports = { '#libs/*.js': './dist/libs/*.js' };
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'spectra', version: '9.8.7', type: 'module', imports }),
  );
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  service = await wireService();
  const credentials = { url: service.url, contextId: 'demo', contextApiKey: API_KEY, managementApiKey: 'sp-m-x' };
  await mkdir(join(folder, '.spectra'));
  await writeFile(join(folder, '.spectra/credentials.json'), JSON.stringify(credentials), { mode: 0o600 });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function start(...argv: string[]): ChildProcess {
  const { PATH, HOME } = process.env;
  return spawn(process.execPath, [join(folder, 'dist/apps/cli/main.js'), ...argv], {
    cwd: folder,
    env: { PATH, HOME: join(HOME ?? '/', 'no-such-home') },
  });
}

async function outcome(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const read = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
    let text = '';
    for await (const chunk of stream ?? []) text += String(chunk);
    return text;
  };
  const [stdout, stderr, [code]] = await Promise.all([
    read(child.stdout),
    read(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

describe('the spectra program', () => {
  it('begins with a line that lets the shell run it, and knows the version of its package', async () => {
    const path = join(folder, 'dist/apps/cli/main.js');
    await access(path, constants.R_OK);
    const { stdout } = await promisify(execFile)('head', ['-1', path]);
    expect(stdout).toBe('#!/usr/bin/env node\n');
    expect(await outcome(start('--version'))).toEqual({ code: 0, stdout: '9.8.7\n', stderr: '' });
  });

  it('needs neither the contracts nor an engine at run time', async () => {
    await expect(access(join(folder, 'dist/libs/contracts'))).rejects.toThrow('ENOENT');
    expect((await outcome(start('documents', 'list'))).code).toBe(0);
  });

  it('finds what `npm start` left in .spectra, uploads, and answers', async () => {
    await writeFile(join(folder, 'note.md'), '# Note');
    const uploaded = await outcome(start('documents', 'upload', 'note.md'));
    expect(uploaded.stdout).toMatch(/note\.md +uploaded +ready/);
    expect(uploaded.stderr).toMatch(/^note\.md: uploading \(6 B\)\nnote\.md: queued\n/);
    expect(uploaded.code).toBe(0);
    const recalled = await outcome(start('recall', 'who?', '--json'));
    expect(JSON.parse(recalled.stdout)).toHaveProperty('hits');
  });

  it('gives scripts its exit code', async () => {
    expect((await outcome(start('documents', 'list', '-a', 'sp-wrong-key'))).code).toBe(3);
  });

  it('is quiet when its reader goes away', async () => {
    const child = start('documents', 'show', service.documents[0]?.document.id ?? '', '--chunks');
    child.stdout?.destroy();
    let stderr = '';
    child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  describe('with a server that never answers', () => {
    let silent: Server;
    beforeAll(async () => {
      silent = createServer(() => undefined).listen(0, '127.0.0.1');
      await once(silent, 'listening');
    });
    afterAll(() => {
      silent.closeAllConnections();
      silent.close();
    });

    it('ends at once with 130 on Ctrl-C', async () => {
      const { port } = silent.address() as AddressInfo;
      const asked = once(silent, 'request');
      const child = start('recall', 'x', '-u', `http://127.0.0.1:${port}`, '-a', 'sp-a-b', '-c', 'demo');
      await asked;
      child.kill('SIGINT');
      expect(await outcome(child)).toEqual({ code: 130, stdout: '', stderr: '' });
    });
  });
});
