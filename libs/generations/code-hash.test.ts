import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { codeHash } from './index.js';

describe('codeHash', () => {
  const folders: string[] = [];
  let dist: string;
  beforeEach(async () => {
    dist = await build();
  });
  afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

  async function build(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'dist-'));
    folders.push(folder);
    await put(folder, 'package-lock.json', '{}');
    await put(folder, 'libs/events/relay.js', 'relay');
    await put(folder, 'workflows/index.js', 'flow');
    await put(folder, 'apps/worker/main.js', 'worker');
    return folder;
  }

  async function put(folder: string, path: string, text: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }

  const hashOf = (folder: string): Promise<string> => codeHash(folder, join(folder, 'package-lock.json'));

  it('is the same for the same code in another folder, whatever order it was written in', async () => {
    const other = await mkdtemp(join(tmpdir(), 'dist-'));
    folders.push(other);
    await put(other, 'apps/worker/main.js', 'worker');
    await put(other, 'workflows/index.js', 'flow');
    await put(other, 'libs/events/relay.js', 'relay');
    await put(other, 'package-lock.json', '{}');
    expect(await hashOf(other)).toBe(await hashOf(dist));
    expect(await hashOf(dist)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    'libs/events/relay.js.map',
    'workflow-bundle.js',
    'workflows/workflow-bundle.js',
    'apps/cli/main.js',
    'apps/console/a.js',
    'version.json',
  ])('does not see %s', async (path) => {
    const before = await hashOf(dist);
    await put(dist, path, 'anything');
    expect(await hashOf(dist)).toBe(before);
  });

  it.each([
    'libs/events/relay.js',
    'libs/stores/postgres/migrations/0002_x.sql',
    'apps/api/new.js',
    'activities/a.js',
    'temporal/t.js',
    'package-lock.json',
  ])('changes with %s', async (path) => {
    const before = await hashOf(dist);
    await put(dist, path, 'changed');
    expect(await hashOf(dist)).not.toBe(before);
  });

  it('tells a byte that moved from the end of one file to the start of the next', async () => {
    await put(dist, 'libs/a.js', 'xy');
    await put(dist, 'libs/b.js', 'z');
    const before = await hashOf(dist);
    await put(dist, 'libs/a.js', 'x');
    await put(dist, 'libs/b.js', 'yz');
    expect(await hashOf(dist)).not.toBe(before);
  });

  it('refuses a folder without a build and a missing lockfile', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'dist-'));
    folders.push(empty);
    await expect(hashOf(empty)).rejects.toThrow('run `npm run build`');
    await rm(join(dist, 'package-lock.json'));
    await expect(hashOf(dist)).rejects.toThrow('ENOENT');
  });
});
