import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FreshCopy, freePort, type Stack } from './fresh-copy.js';

/** What the README promises, with room for a build beside other work. */
const FIRST_START_MS = 120_000;
const WARM_START_MS = 15_000;
const STOP_MS = 15_000;

const READY = /^Spectra \S+ is ready at (\S+)/;
const END_OF_WELCOME = /^Ctrl-C stops everything/;

let copy: FreshCopy;
let stack: Stack;
let settings: Record<string, string> = {};
beforeAll(async () => {
  copy = await FreshCopy.make();
  settings = { SPECTRA_DATA_DIR: join(copy.folder, 'data'), SPECTRA_BIND_ADDRESS: `127.0.0.1:${await freePort()}` };
});
afterAll(async () => {
  await copy.remove();
}, 20_000);

const cli = async (...args: string[]): Promise<never> => {
  const { code, json, text } = await copy.cli(args, { SPECTRA_DATA_DIR: settings['SPECTRA_DATA_DIR'] ?? '' });
  expect([code, text]).toEqual([0, expect.anything()]);
  return json as never;
};
const documentIds = async (): Promise<string[]> =>
  ((await cli('documents', 'list')) as { documents: { id: string }[] }).documents.map(({ id }) => id).sort();

describe('a newcomer', () => {
  it(
    'types npm start and sees the samples become ready, and a ranked answer',
    async () => {
      stack = copy.start(settings);
      await stack.line(END_OF_WELCOME, FIRST_START_MS);
      const samples = (await readdir(join(copy.folder, 'samples'))).filter((name) => name !== 'README.md');
      expect(samples.length).toBeGreaterThan(2);
      for (const name of samples)
        expect(stack.lines).toContainEqual(
          expect.stringMatching(new RegExp(`^ +${name.replaceAll('.', '\\.')} .*ready +[1-9]\\d* passages`)),
        );
      expect(stack.lines).toContainEqual(expect.stringMatching(/^ +1\. +[01]\.\d{3} +\S/));
      expect(stack.lines).toContainEqual(expect.stringMatching(/^Temporal UI +http:\/\/127\.0\.0\.1:\d+/));
      const credentials = await stat(join(settings['SPECTRA_DATA_DIR'] ?? '', 'credentials.json'));
      expect(credentials.mode & 0o777).toBe(0o600);
    },
    FIRST_START_MS + 10_000,
  );

  it('finds everything with the CLI, without giving a key or an address', async () => {
    expect(await cli('health')).toMatchObject({ status: 'ok' });
    expect(JSON.stringify(await cli('contexts', 'list'))).toContain('"demo"');
    expect(await documentIds()).toHaveLength((await readdir(join(copy.folder, 'samples'))).length - 1);
    const answer = JSON.stringify(await cli('recall', 'Who is the sponsor of a digital worker?'));
    expect(answer).toContain('sponsor');
  }, 30_000);

  it('uploads a folder, and a second time nothing of it', async () => {
    const folder = join(copy.folder, 'notes');
    await mkdir(folder);
    await writeFile(join(folder, 'one.md'), '# Axolotls\n\nAn axolotl regrows its limbs.\n');
    await writeFile(join(folder, 'two.txt'), 'The heron waits by the weir.\n');
    const before = await documentIds();
    await cli('documents', 'upload', folder);
    const after = await documentIds();
    expect(after).toHaveLength(before.length + 2);
    await cli('documents', 'upload', folder);
    expect(await documentIds()).toEqual(after);
    expect(JSON.stringify(await cli('recall', 'What does an axolotl regrow?'))).toContain('regrows its limbs');
  }, 30_000);

  it('mints a key, sees it listed, and deletes it', async () => {
    const minted = (await cli('keys', 'mint', 'laptop', '--ttl', '1h')) as { key: string };
    expect(minted.key).toMatch(/^sp-/);
    const listed = JSON.stringify(await cli('keys', 'list'));
    expect(listed).toContain('laptop');
    expect(listed).not.toContain(minted.key);
    await cli('keys', 'delete', 'laptop');
    expect(JSON.stringify(await cli('keys', 'list'))).not.toContain('laptop');
    const refused = await copy.cli(['documents', 'list', '--api-key', minted.key], settings);
    expect(refused.code).not.toBe(0);
    expect(refused.text).not.toContain(minted.key);
  }, 30_000);

  it(
    'runs a second stack beside the first: ports give way',
    async () => {
      const data = join(copy.folder, 'other-data');
      const other = copy.start({ SPECTRA_DATA_DIR: data, SPECTRA_BIND_ADDRESS: `127.0.0.1:${await freePort()}` });
      await other.line(END_OF_WELCOME, FIRST_START_MS);
      const addressesOf = async (folder: string): Promise<string[]> =>
        Object.values(
          (JSON.parse(await readFile(join(folder, 'stack.json'), 'utf8')) as { addresses: Record<string, string> })
            .addresses,
        );
      const all = [...(await addressesOf(data)), ...(await addressesOf(settings['SPECTRA_DATA_DIR'] ?? ''))];
      expect(all.length).toBeGreaterThanOrEqual(8);
      expect(new Set(all).size).toBe(all.length);
      expect(await cli('health')).toMatchObject({ status: 'ok' });
      other.signal('SIGTERM');
      await other.line(/^Stopped\.$/, STOP_MS);
      await other.ended;
      expect(await cli('health')).toMatchObject({ status: 'ok' });
    },
    FIRST_START_MS,
  );

  it(
    'stops everything with one signal, and nothing of it is left',
    async () => {
      stack.signal('SIGTERM');
      await copy.quiet(STOP_MS);
      await stack.ended;
      expect(stack.lines).toContain('Stopped.');
    },
    STOP_MS + 5_000,
  );

  it('starts again within seconds, also after kill -9 of everything, with all data', async () => {
    stack = copy.start(settings);
    await stack.line(READY, WARM_START_MS);
    const before = await documentIds();
    await copy.killEverything();
    await copy.quiet(5_000);
    stack = copy.start(settings);
    await stack.line(READY, WARM_START_MS);
    await stack.line(END_OF_WELCOME, 10_000);
    expect(await documentIds()).toEqual(before);
    expect(JSON.stringify(await cli('recall', 'Where does the heron wait?'))).toContain('heron');
    expect(stack.lines.join('\n')).not.toMatch(/samples\/|sp-[a-z0-9]{20}/);
    stack.signal('SIGINT');
    await copy.quiet(STOP_MS);
  }, 60_000);
});
