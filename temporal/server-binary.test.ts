import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findTemporalServer } from './server-binary.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spectra-temporal-'));
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'cache'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function script(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

const target = (): string => join(folder, 'cache', `temporal-1.8.2-${process.platform}-${process.arch}`, 'temporal');
const moduleDir = new URL('.', import.meta.url).pathname;

/** Run from the sources there is no compiled download process, so the download fails at once, as without a network. */
function find(onProgress: (line: string) => void = () => undefined) {
  return findTemporalServer({ cacheDir: join(folder, 'cache'), moduleDir, path: join(folder, 'bin'), onProgress });
}

/** A `go` that writes a working binary to the path behind `-o`, and notes each call. */
function fakeGo(): void {
  const output = 'while [ "$1" != -o ]; do shift; done';
  const binary = 'printf \'#!/bin/sh\\necho temporal version 0.0.0-DEV\\n\' > "$2"; chmod 755 "$2"';
  script(
    join(folder, 'bin', 'go'),
    `PATH=/usr/bin:/bin; echo "$PWD $GOWORK $*" >> ${folder}/calls; sleep 1; ${output}; ${binary}`,
  );
}

describe('findTemporalServer', () => {
  it.each([
    'temporal version 1.1.0 (Server 1.25.0)',
    'temporal version 0.0.0-DEV (Server 1.31.2)',
    'temporal version 2.0.1',
  ])('takes the one on the PATH that says %s', async (said) => {
    script(join(folder, 'bin', 'temporal'), `echo '${said}'`);
    expect(await find()).toEqual({ path: join(folder, 'bin', 'temporal'), origin: 'path' });
  });

  it('passes over a PATH one that is too old or does not run, and takes the cached one', async () => {
    mkdirSync(join(target(), '..'));
    script(target(), 'echo temporal version 0.0.0-DEV');
    for (const body of ['echo temporal version 1.0.9', 'exit 3']) {
      script(join(folder, 'bin', 'temporal'), body);
      expect(await find()).toEqual({ path: target(), origin: 'cache' });
    }
  });

  it('builds the pinned module with Go into the cache, reporting progress, and finds it there the next time', async () => {
    fakeGo();
    const lines: string[] = [];
    expect(await find((line) => lines.push(line))).toEqual({ path: target(), origin: 'build' });
    expect(lines.join('\n')).toContain('about three minutes, once');
    expect(readdirSync(join(target(), '..'))).toEqual(['temporal']);
    const call = readFileSync(join(folder, 'calls'), 'utf8');
    expect(call).toContain(`${moduleDir.replace(/\/$/, '')} off build -mod=readonly`);
    expect(await find()).toEqual({ path: target(), origin: 'cache' });
  });

  it('builds once when two starts need it at the same time', async () => {
    fakeGo();
    const found = await Promise.all([find(), find()]);
    expect(found.map(({ origin }) => origin).sort()).toEqual(['build', 'cache']);
    expect(readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  it('removes the lock of a builder that is gone', async () => {
    fakeGo();
    mkdirSync(join(target(), '..'));
    writeFileSync(`${target()}.lock`, '4194305');
    expect((await find()).origin).toBe('build');
  });

  it('says in one sentence what to install or set when no way works', async () => {
    await expect(find()).rejects.toMatchObject({
      code: 'temporal_server_not_found',
      message: expect.stringMatching(
        /^[^\n]*install Go 1\.\d+\.\d+ or newer or the Temporal CLI .*TEMPORAL_ADDRESS[^\n]*\.$/,
      ) as unknown,
    });
    script(join(folder, 'bin', 'go'), 'echo "go: go.mod requires go >= 9" >&2; exit 1');
    await expect(find()).rejects.toThrow('go build failed: go: go.mod requires go >= 9');
    expect(readdirSync(join(target(), '..'))).toEqual([]);
  });
});
