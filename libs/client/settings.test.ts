import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DEFAULT_URL, missingSetting, readClientSettings, type ClientSettings, type SettingValues } from './index.js';

const LOCAL = 'http://127.0.0.1:9090';
let root: string;
let cwd: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'spectra-settings-')));
  cwd = join(root, 'work', 'deep', 'down');
  await mkdir(cwd, { recursive: true });
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function write(path: string, content: unknown): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const credentials = (more: object = {}): object => ({
  url: LOCAL,
  contextId: 'demo',
  contextApiKey: 'file-key',
  managementApiKey: 'file-management',
  ...more,
});

function read(
  flags: SettingValues = {},
  env: NodeJS.ProcessEnv = {},
  uid = process.getuid?.(),
): Promise<ClientSettings> {
  return readClientSettings({ flags, env, cwd, home: join(root, 'home'), uid });
}

describe('readClientSettings', () => {
  it('has an address and nothing else on a bare machine', async () => {
    const settings = await read();
    expect(settings.url).toBe(DEFAULT_URL);
    expect(settings.apiKey).toBeUndefined();
    expect(settings.notes).toEqual([]);
  });

  it('takes flags before the environment, SPECTRA_ before SPECTRON_, both before the files', async () => {
    await write('work/.spectra/credentials.json', credentials());
    await write('home/.config/spectra/config.json', { profiles: { default: { url: LOCAL, contextId: 'profiled' } } });
    const env = {
      SPECTRA_CONTEXT_ID: 'from-env',
      SPECTRON_CONTEXT_ID: 'from-alias',
      SPECTRA_API_KEY: ' ',
      SPECTRON_API_KEY: 'alias-key',
    };
    expect(await read({ contextId: 'from-flag' }, env)).toMatchObject({ contextId: 'from-flag' });
    const settings = await read({}, env);
    expect(settings).toMatchObject({ contextId: 'from-env', apiKey: 'alias-key', managementApiKey: 'file-management' });
    expect(settings.origins).toMatchObject({ contextId: 'SPECTRA_CONTEXT_ID', apiKey: 'SPECTRON_API_KEY' });
    expect(await read()).toMatchObject({ contextId: 'profiled', apiKey: 'file-key' });
  });

  it('finds the nearest .spectra upwards, and SPECTRA_DATA_DIR before it', async () => {
    await write('.spectra/credentials.json', credentials({ contextId: 'far' }));
    await write('work/.spectra/credentials.json', credentials({ contextId: 'near' }));
    await write('elsewhere/credentials.json', credentials({ contextId: 'named' }));
    expect(await read()).toMatchObject({ contextId: 'near' });
    expect(await read({}, { SPECTRA_DATA_DIR: '../../../elsewhere' })).toMatchObject({ contextId: 'named' });
    expect((await read({}, { SPECTRA_DATA_DIR: join(root, 'nowhere') })).contextId).toBeUndefined();
  });

  it('reads the current profile from XDG_CONFIG_HOME', async () => {
    const profiles = { default: { url: LOCAL, apiKey: 'a' }, work: { url: 'https://memory.example', apiKey: 'b' } };
    await write('xdg/spectra/config.json', { current: 'work', profiles });
    expect(await read({}, { XDG_CONFIG_HOME: join(root, 'xdg') })).toMatchObject({
      url: 'https://memory.example',
      apiKey: 'b',
    });
  });

  it('never gives the keys and the Context of a file to a server that the file does not name', async () => {
    const path = await write('work/.spectra/credentials.json', credentials());
    for (const sources of [
      await read({ url: 'https://memory.example' }),
      await read({}, { SPECTRA_URL: 'http://127.0.0.1:9091' }),
    ]) {
      expect(sources.apiKey).toBeUndefined();
      expect(sources.contextId).toBeUndefined();
      expect(sources.managementApiKey).toBeUndefined();
      expect(sources.notes).toEqual([`What ${path} holds is for ${LOCAL}.`]);
    }
    const elsewhere = await read({ managementUrl: 'https://management.example' });
    expect(elsewhere).toMatchObject({ apiKey: 'file-key', managementApiKey: undefined });
  });

  it('knows one machine by all its loopback names', async () => {
    await write('work/.spectra/credentials.json', credentials());
    expect(await read({ url: 'http://localhost:9090/' })).toMatchObject({ apiKey: 'file-key' });
    expect(await read({ url: 'http://[::1]:9090' })).toMatchObject({ apiKey: 'file-key' });
  });

  it("leaves another user's .spectra and one that names another machine alone, until it is named", async () => {
    const path = await write('work/.spectra/credentials.json', credentials());
    const foreign = await read({}, {}, (process.getuid?.() ?? 0) + 1);
    expect(foreign.apiKey).toBeUndefined();
    expect(foreign.notes.join()).toContain('belongs to another user');

    await write('work/.spectra/credentials.json', credentials({ url: 'https://evil.example' }));
    const evil = await read({}, { SPECTRA_API_KEY: 'mine' });
    expect(evil.url).toBe(DEFAULT_URL);
    expect(evil.notes.join()).toContain('names another machine');
    expect(await read({}, { SPECTRA_DATA_DIR: dirname(path) })).toMatchObject({ url: 'https://evil.example' });
  });

  it('turns files that cannot be used into notes that quote nothing of them', async () => {
    await write('home/.config/spectra/config.json', '{"profiles": {"default": {"apiKey": "s3cr3t"');
    const path = await write('work/.spectra/credentials.json', '[]');
    const settings = await read();
    expect(settings.notes).toHaveLength(1);
    expect(settings.notes[0]).toContain('is not valid JSON');
    expect(settings.notes.join()).not.toContain('s3cr3t');
    if (process.getuid?.() === 0) return; // root reads everything
    await chmod(path, 0);
    expect((await read()).notes.join()).toContain('cannot be read (EACCES)');
  });
});

describe('missingSetting', () => {
  it('says what to set, and why the file did not help', async () => {
    await write('work/.spectra/credentials.json', credentials());
    const error = missingSetting('apiKey', await read({ url: 'https://memory.example' }));
    expect(error.code).toBe('missing_api_key');
    expect(error.message).toContain('--api-key');
    expect(error.message).toContain('SPECTRA_API_KEY');
    expect(error.message).toContain(`is for ${LOCAL}.`);
  });
});
