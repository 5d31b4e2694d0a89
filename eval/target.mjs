// The Context that is measured: a fresh one, one that the user named, or one that an earlier run left in a kept folder.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApi } from './api.mjs';
import { UsageError } from './usage-error.mjs';

const markerFile = (dataDir) => join(dataDir, 'evaluation.json');

function readMarkers(dataDir) {
  return existsSync(markerFile(dataDir)) ? JSON.parse(readFileSync(markerFile(dataDir), 'utf8')) : {};
}

/** What was loaded into a kept folder under this name before; undefined when nothing was. */
export function findLoaded(dataDir, name) {
  return readMarkers(dataDir)[name];
}

/** Remembers what is loaded, with the key of its Context, readable by the owner only. */
export function rememberLoaded(dataDir, name, loaded) {
  writeFileSync(markerFile(dataDir), JSON.stringify({ ...readMarkers(dataDir), [name]: loaded }), { mode: 0o600 });
}

/** Creates a Context with a key of its own. */
export async function createContext({ url, managementKey, signal }) {
  const manage = openApi({ url, key: managementKey, signal });
  const contextId = `eval-${randomBytes(6).toString('hex')}`;
  await manage('POST', `/api/v1/contexts/${contextId}`, { json: { namespace: 'contexts', database: contextId } });
  const minted = await manage('POST', `/api/v1/contexts/${contextId}/principals/admin/keys/evaluation`, { json: {} });
  return { contextId, key: minted.key };
}

/** Deletes a Context; not cut off by a Ctrl-C, since it is part of leaving no trace. */
export async function deleteContext({ url, managementKey, contextId }) {
  const manage = openApi({ url, key: managementKey, signal: AbortSignal.timeout(60_000) });
  await manage('DELETE', `/api/v1/contexts/${contextId}`);
}

/** A Context that the user named must be empty: what is in there already would stand among the results. */
export async function requireEmpty(api, contextId) {
  const { total } = await api('GET', `/api/v1/${contextId}/documents?pageSize=1`);
  if (total > 0)
    throw new UsageError(
      `The Context ${contextId} holds ${total} documents; name an empty one, or leave --context out.`,
    );
}
