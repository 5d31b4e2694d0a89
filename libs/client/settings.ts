import { ClientSettingsError } from './errors.js';
import type { SettingName, SettingValues } from './setting-values.js';
import { readSettingsFiles, type FileLayer } from './settings-files.js';

export const DEFAULT_URL = 'http://127.0.0.1:9090';

export interface ClientSettings extends SettingValues {
  readonly url: string;
  /** Where each value came from, in words for people. */
  readonly origins: Readonly<Partial<Record<SettingName, string>>>;
  /** Why a file that is there gave nothing: for the message of a setting that is missing. */
  readonly notes: readonly string[];
}

export interface SettingsSources {
  readonly flags: SettingValues;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly home: string;
  /** The user who runs the client; undefined where the platform has no such number. */
  readonly uid: number | undefined;
}

interface Layer {
  readonly values: SettingValues;
  readonly origin: (name: SettingName) => string;
  /** Secrets of a file go to the server that the file names, and to no other. */
  readonly bound: boolean;
}

const ENVIRONMENT: Readonly<Record<SettingName, string>> = {
  url: 'URL',
  contextId: 'CONTEXT_ID',
  apiKey: 'API_KEY',
  managementApiKey: 'MANAGEMENT_API_KEY',
  managementUrl: 'MANAGEMENT_URL',
};
const FLAGS: Readonly<Record<SettingName, string>> = {
  url: '--url',
  contextId: '--context-id',
  apiKey: '--api-key',
  managementApiKey: '--management-api-key',
  managementUrl: '--management-url',
};

/** `SPECTRA_<name>`, or its alias `SPECTRON_<name>`; an empty value counts as not set. */
function variable(env: NodeJS.ProcessEnv, name: string): { name: string; value: string } | undefined {
  for (const prefix of ['SPECTRA', 'SPECTRON']) {
    const value = env[`${prefix}_${name}`]?.trim();
    if (value) return { name: `${prefix}_${name}`, value };
  }
  return undefined;
}

function environmentLayer(env: NodeJS.ProcessEnv): Layer {
  const found = Object.entries(ENVIRONMENT).map(([name, suffix]) => [name, variable(env, suffix)] as const);
  const named = Object.fromEntries(found);
  return {
    values: Object.fromEntries(found.map(([name, entry]) => [name, entry?.value])),
    origin: (name) => named[name]?.name ?? ENVIRONMENT[name],
    bound: false,
  };
}

function fileLayer(file: FileLayer): Layer {
  return { values: file.values, origin: () => file.path, bound: true };
}

function sameServer(a: string, b: string): boolean {
  const origin = (text: string): string => {
    if (!URL.canParse(text)) return text;
    const url = new URL(text);
    const loopback = ['localhost', '[::1]', '127.0.0.1'].includes(url.hostname);
    return `${url.protocol}//${loopback ? 'loopback' : url.hostname}:${url.port}`;
  };
  return origin(a) === origin(b);
}

/**
 * Settings of the client. Each comes from the first that has it: flags, environment, the profile file
 * `$XDG_CONFIG_HOME/spectra/config.json`, then `credentials.json` of the data directory (`SPECTRA_DATA_DIR`, or the
 * nearest `.spectra/` in the working directory and its parents). What a file says about keys and Context counts only
 * when the requests go to the server that the same file names: a key must not reach another server because of a flag.
 *
 * Never throws: a file that cannot be used becomes a note.
 */
export async function readClientSettings(sources: SettingsSources): Promise<ClientSettings> {
  const { flags, env, cwd, home, uid } = sources;
  const files = await readSettingsFiles({
    configHome: variableOrUndefined(env.XDG_CONFIG_HOME),
    dataDir: variable(env, 'DATA_DIR')?.value,
    cwd,
    home,
    uid,
  });
  const layers: Layer[] = [
    { values: flags, origin: (name) => FLAGS[name], bound: false },
    environmentLayer(env),
    ...files.layers.map(fileLayer),
  ];
  const notes = [...files.notes];
  const origins: Partial<Record<SettingName, string>> = {};

  const take = (name: SettingName, isFor: (layer: Layer) => boolean): string | undefined => {
    for (const layer of layers) {
      const value = layer.values[name];
      if (value === undefined || value === '') continue;
      if (layer.bound && !isFor(layer)) {
        notes.push(`What ${layer.origin(name)} holds is for ${layer.values.url ?? DEFAULT_URL}.`);
        continue;
      }
      origins[name] = layer.origin(name);
      return value;
    }
    return undefined;
  };

  const url = take('url', () => true) ?? DEFAULT_URL;
  const isForUrl = (layer: Layer): boolean => sameServer(layer.values.url ?? DEFAULT_URL, url);
  const managementUrl = take('managementUrl', isForUrl);
  const isForManagement = (layer: Layer): boolean =>
    sameServer(layer.values.managementUrl ?? layer.values.url ?? DEFAULT_URL, managementUrl ?? url);
  return {
    url,
    managementUrl,
    contextId: take('contextId', isForUrl),
    apiKey: take('apiKey', isForUrl),
    managementApiKey: take('managementApiKey', isForManagement),
    origins,
    notes: [...new Set(notes)],
  };
}

const variableOrUndefined = (value: string | undefined): string | undefined => (value ? value : undefined);

/** The error for a setting that is not there: what to set, and why the files did not help. */
export function missingSetting(name: SettingName, settings: ClientSettings): ClientSettingsError {
  const what = {
    url: 'URL',
    contextId: 'Context id',
    apiKey: 'API key',
    managementApiKey: 'management API key',
    managementUrl: 'management URL',
  }[name];
  const why = settings.notes.length > 0 ? ` ${settings.notes.join(' ')}` : '';
  return new ClientSettingsError(
    `missing_${ENVIRONMENT[name].toLowerCase()}`,
    `No ${what} is set: pass ${FLAGS[name]}, set SPECTRA_${ENVIRONMENT[name]}, or run where \`npm start\` ran (it writes .spectra/credentials.json).${why}`,
  );
}
