import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { SettingValues } from './setting-values.js';

/** One settings file that is there, with what it says. */
export interface FileLayer {
  readonly path: string;
  readonly values: SettingValues;
}

export interface SettingsFiles {
  /** The profile first, then the credentials of the data directory. */
  readonly layers: readonly FileLayer[];
  readonly notes: readonly string[];
}

interface Places {
  readonly configHome: string | undefined;
  readonly dataDir: string | undefined;
  readonly cwd: string;
  readonly home: string;
  readonly uid: number | undefined;
}

const CREDENTIALS = 'credentials.json';

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** `{"current": "work", "profiles": {"work": {"url", "contextId", "apiKey", ...}}}`; `default` when nothing is current. */
function profileValues(json: unknown): SettingValues {
  const { current, profiles } = record(json);
  const profile = record(record(profiles)[text(current) ?? 'default']);
  return {
    url: text(profile.url),
    contextId: text(profile.contextId),
    apiKey: text(profile.apiKey),
    managementApiKey: text(profile.managementApiKey),
    managementUrl: text(profile.managementUrl),
  };
}

/** `{"url", "contextId", "contextApiKey", "managementApiKey"}`, as `npm start` writes it. */
function credentialsValues(json: unknown): SettingValues {
  const credentials = record(json);
  return {
    url: text(credentials.url),
    contextId: text(credentials.contextId),
    apiKey: text(credentials.contextApiKey),
    managementApiKey: text(credentials.managementApiKey),
  };
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch {
    return undefined;
  }
}

/** The `credentials.json` to read, or why the nearest one is not read. */
async function findCredentials(places: Places): Promise<{ path?: string; note?: string }> {
  if (places.dataDir !== undefined) return { path: join(resolve(places.cwd, places.dataDir), CREDENTIALS) };
  for (let folder = resolve(places.cwd); ; folder = dirname(folder)) {
    const path = join(folder, '.spectra', CREDENTIALS);
    const owner = await ownerOf(path);
    if (owner !== undefined) {
      // A folder that others can write to, such as /tmp, must not be able to send uploads to a stranger's server.
      if (places.uid === undefined || owner === places.uid) return { path };
      return { note: `${path} belongs to another user; set SPECTRA_DATA_DIR to use it all the same.` };
    }
    if (dirname(folder) === folder) return {};
  }
}

async function readLayer(
  path: string,
  values: (json: unknown) => SettingValues,
): Promise<{ layer?: FileLayer | undefined; note?: string | undefined }> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? {} : { note: `${path} cannot be read (${code ?? 'unknown'}).` };
  }
  try {
    return { layer: { path, values: values(JSON.parse(content)) } };
  } catch {
    // The parser's message would quote the file, and so a key.
    return { note: `${path} is not valid JSON.` };
  }
}

function isLoopback(url: string | undefined): boolean {
  return url === undefined || (URL.canParse(url) && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname));
}

/** Reads the settings files that are there. Never throws: what cannot be used becomes a note. */
export async function readSettingsFiles(places: Places): Promise<SettingsFiles> {
  const profile = join(places.configHome ?? join(places.home, '.config'), 'spectra', 'config.json');
  const credentials = await findCredentials(places);
  const read = [await readLayer(profile, profileValues)];
  if (credentials.path !== undefined) {
    const { layer, note } = await readLayer(credentials.path, credentialsValues);
    // A cloned repository may bring a `.spectra/` of its own: only the address of this machine is taken from one.
    if (layer && places.dataDir === undefined && !isLoopback(layer.values.url))
      read.push({ note: `${layer.path} names another machine; set SPECTRA_DATA_DIR to use it all the same.` });
    else read.push({ layer, note });
  }
  return {
    layers: read.flatMap(({ layer }) => (layer ? [layer] : [])),
    notes: [credentials, ...read].flatMap(({ note }) => (note === undefined ? [] : [note])),
  };
}
