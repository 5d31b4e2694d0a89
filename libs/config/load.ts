import { SpectraError, type FieldIssue } from '#libs/contracts/index.js';
import { ALIASES, defaultCacheDir, settingsSchema, type SettingName, type Settings } from './settings.js';

/** Thrown when the configuration has problems; lists all of them at once, each with the name of the setting. */
export class ConfigurationError extends SpectraError {
  constructor(issues: readonly FieldIssue[]) {
    const lines = issues.map((issue) => `  ${issue.path}: ${issue.message}`);
    super({
      status: 500,
      code: 'configuration',
      message: `The configuration has problems:\n${lines.join('\n')}`,
      issues,
    });
  }
}

/** Values given on the command line, by setting name; they win over the environment. */
export type Flags = Readonly<Partial<Record<SettingName, string>>>;

function names(setting: SettingName): string[] {
  const published = setting.startsWith('SPECTRA_') ? [setting.replace(/^SPECTRA_/, 'SPECTRON_')] : [];
  return [setting, ...published, ...(ALIASES[setting] ?? [])];
}

function collect(env: NodeJS.ProcessEnv, flags: Flags, issues: FieldIssue[]): Record<string, string> {
  const raw: Record<string, string> = {};
  for (const setting of Object.keys(settingsSchema.shape) as SettingName[]) {
    const flag = flags[setting];
    if (flag !== undefined) {
      raw[setting] = flag;
      continue;
    }
    const given = names(setting).filter((name) => env[name] !== undefined && env[name] !== '');
    const values = new Set(given.map((name) => env[name]));
    if (values.size > 1)
      issues.push({ path: setting, message: `${given.join(' and ')} are both set and differ; keep one` });
    const [first] = given;
    if (first !== undefined) raw[setting] = env[first] ?? '';
  }
  return raw;
}

function checkOrder(settings: Settings, issues: FieldIssue[]): void {
  if (settings.SPECTRA_HANDLER_MAX_MS >= settings.SPECTRA_SHUTDOWN_GRACE_MS) {
    issues.push({
      path: 'SPECTRA_HANDLER_MAX_MS',
      message: 'must be smaller than SPECTRA_SHUTDOWN_GRACE_MS, else a stop cuts handlers off',
    });
  }
  if (settings.SPECTRA_SHUTDOWN_GRACE_MS >= settings.SPECTRA_CLAIM_TTL_MS) {
    issues.push({
      path: 'SPECTRA_SHUTDOWN_GRACE_MS',
      message: 'must be smaller than SPECTRA_CLAIM_TTL_MS, else a live claim is taken over',
    });
  }
}

function checkEmbeddings(settings: Settings, issues: FieldIssue[]): void {
  if (!settings.SPECTRA_EMBEDDINGS_URL) return;
  for (const name of ['SPECTRA_EMBEDDINGS_MODEL', 'SPECTRA_EMBEDDINGS_DIMENSIONS'] as const) {
    if (settings[name] === undefined)
      issues.push({ path: name, message: 'is needed when SPECTRA_EMBEDDINGS_URL is set' });
  }
}

export interface LoadedSettings extends Settings {
  readonly SPECTRA_CACHE_DIR: string;
}

/**
 * Reads and validates the whole configuration: flags win over environment.
 * @throws ConfigurationError naming every problem.
 */
export function loadSettings(env: NodeJS.ProcessEnv, flags: Flags = {}): LoadedSettings {
  const issues: FieldIssue[] = [];
  const parsed = settingsSchema.safeParse(collect(env, flags, issues));
  if (!parsed.success) {
    for (const issue of parsed.error.issues) issues.push({ path: issue.path.join('.'), message: issue.message });
  } else {
    checkOrder(parsed.data, issues);
    checkEmbeddings(parsed.data, issues);
  }
  if (!parsed.success || issues.length > 0) throw new ConfigurationError(issues);
  return { ...parsed.data, SPECTRA_CACHE_DIR: parsed.data.SPECTRA_CACHE_DIR ?? defaultCacheDir(env) };
}

/** The environment of this process. Only here is it read. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}
