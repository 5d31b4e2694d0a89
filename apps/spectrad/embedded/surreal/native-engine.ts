import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The native engine of @surrealdb/node: RPC frames in and out as CBOR, without the SDK around it. */
export interface NativeEngine {
  /** Answers the bare result, or `{error}`; never the request's id. */
  execute(request: Uint8Array): Promise<Uint8Array>;
  notifications(): Promise<{ recv(): Promise<Uint8Array | null> }>;
  /** Closes the store; nothing may be sent afterwards. */
  free(): void;
}

interface NativeModule {
  SurrealNodeEngine: { connect(url: string, options: object): Promise<NativeEngine> };
}

/** Scripting and calls to the network stay off as in a real server's defaults. */
const OPTIONS = {
  capabilities: {
    scripting: false,
    guest_access: false,
    live_query_notifications: true,
    functions: true,
    network_targets: false,
  },
};

/** The names under which the package ships its native library for this platform. */
function libraries(): string[] {
  const base = `surrealdb-node.${process.platform}-${process.arch}`;
  if (process.platform === 'linux') return [`${base}-gnu.node`, `${base}-musl.node`];
  return [process.platform === 'win32' ? `${base}-msvc.node` : `${base}.node`];
}

function packageFolder(): string {
  // The package exports only its SDK wrapper, which pulls in the whole SDK: the native library lies beside it.
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', '@surrealdb', 'node', 'dist');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) throw new Error('@surrealdb/node is not installed: run `npm ci`.');
  }
}

/**
 * Opens an embedded store: `rocksdb://<folder>` or `mem://`.
 *
 * Thrown when the package has no library for this platform, or the store is in use or damaged.
 */
export async function openNativeEngine(url: string): Promise<NativeEngine> {
  const folder = packageFolder();
  const load = createRequire(join(folder, 'load.js'));
  const failures: unknown[] = [];
  for (const library of libraries()) {
    if (!existsSync(join(folder, library))) continue;
    try {
      return await (load(`./${library}`) as NativeModule).SurrealNodeEngine.connect(url, OPTIONS);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures[0] instanceof Error) throw failures[0];
  throw new Error(
    `@surrealdb/node has no engine for ${process.platform}-${process.arch}: set SURREALDB_CONNECTION to a SurrealDB server.`,
  );
}
