import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SpectraError } from '#libs/contracts/index.js';
import { isCurrent } from '#libs/stores/surreal/index.js';
import type { Services } from '../services.js';

/** What the CLI needs to work against this stack; `<data dir>/credentials.json`, readable by its owner only. */
export interface Credentials {
  readonly url: string;
  readonly contextId: string;
  readonly contextApiKey: string;
  readonly managementApiKey: string;
}

export interface Bootstrapped {
  readonly credentials: Credentials;
  /** Whether a key was made or pinned just now, and so should be shown once. */
  readonly newKeys: boolean;
}

const file = (dataDir: string): string => join(dataDir, 'credentials.json');

async function readCredentials(dataDir: string): Promise<Partial<Credentials>> {
  try {
    return JSON.parse(await readFile(file(dataDir), 'utf8')) as Partial<Credentials>;
  } catch {
    return {};
  }
}

/** Saves the credentials in one step, mode 0600. */
async function writeCredentials(dataDir: string, credentials: Credentials): Promise<void> {
  const temporary = `${file(dataDir)}.new`;
  await writeFile(temporary, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  await chmod(temporary, 0o600);
  await rename(temporary, file(dataDir));
}

function madeBefore(contextId: string, settings: Services['settings']): SpectraError {
  return new SpectraError({
    status: 500,
    code: 'schema_too_old',
    message: `The Context ${contextId} was made before the first release, with tables that are laid out differently now. Remove ${settings.SPECTRA_DATA_DIR} and start again, or set SPECTRA_DATA_DIR to another folder.`,
  });
}

/**
 * Makes sure that a management key, the first Context and a key of it exist. Does nothing that was done before: keys
 * are minted once, or pinned by the settings; a pinned key that changed replaces the one before.
 */
export async function bootstrap(services: Services, url: string): Promise<Bootstrapped> {
  const { settings, registry, keys } = services;
  const contextId = settings.SPECTRA_CONTEXT_ID;
  const saved = await readCredentials(settings.SPECTRA_DATA_DIR);
  const mintedManagement = await keys.ensureManagementKey(settings.SPECTRA_MANAGEMENT_API_KEY);
  const context = await registry.find(contextId);
  if (context === null) await registry.create(contextId, { namespace: 'contexts', database: contextId });
  else if (!(await isCurrent(services.server, context.ref, 'context'))) throw madeBefore(contextId, settings);
  const mintedContext = await keys.ensureContextKey({
    contextId,
    principalId: 'admin',
    name: 'bootstrap',
    pinned: settings.SPECTRA_API_KEY,
  });
  const credentials: Credentials = {
    url,
    contextId,
    contextApiKey: settings.SPECTRA_API_KEY ?? mintedContext ?? saved.contextApiKey ?? '',
    managementApiKey: settings.SPECTRA_MANAGEMENT_API_KEY ?? mintedManagement ?? saved.managementApiKey ?? '',
  };
  await writeCredentials(settings.SPECTRA_DATA_DIR, credentials);
  return { credentials, newKeys: mintedContext !== null || mintedManagement !== null };
}
