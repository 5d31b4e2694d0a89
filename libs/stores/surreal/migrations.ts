import { readdir, readFile } from 'node:fs/promises';
import { escapeIdent } from 'surrealdb';
import type { DatabaseRef, SurrealServer } from './connection.js';
import { atomic, query } from './query.js';

/** The two schemas of this service: its control plane, and the database of a Context. */
export type Schema = 'control' | 'context';

const FILE_PATTERN = /^V(\d+)_[a-z0-9_]+\.surql$/;

async function files(schema: Schema): Promise<{ version: number; url: URL }[]> {
  const directory = new URL(`./migrations/${schema}/`, import.meta.url);
  const found = (await readdir(directory)).flatMap((name) => {
    const version = FILE_PATTERN.exec(name)?.[1];
    return version ? [{ version: Number(version), url: new URL(name, directory) }] : [];
  });
  return found.sort((a, b) => a.version - b.version);
}

/**
 * Brings one database to the newest version of its schema: creates namespace and database where they are missing,
 * then applies the files above its stamped version in order. Every file is idempotent, so that a crash between a
 * file and its stamp is healed by the next call.
 * @returns the version that the database has now.
 */
export async function migrateDatabase(
  server: SurrealServer,
  ref: DatabaseRef,
  schema: Schema,
  parameters: Readonly<Record<string, number | string>> = {},
): Promise<number> {
  // Every statement can be repeated, so the whole can be sent again after a conflict.
  await server.administer((session) =>
    atomic(
      session,
      `DEFINE NAMESPACE IF NOT EXISTS ${escapeIdent(ref.namespace)};
     USE NS ${escapeIdent(ref.namespace)};
     DEFINE DATABASE IF NOT EXISTS ${escapeIdent(ref.database)};`,
    ),
  );
  const session = await server.session(ref);
  const [, stamped] = await query<[unknown, { version: number } | null]>(
    session,
    'DEFINE TABLE IF NOT EXISTS schema_version SCHEMALESS; SELECT version FROM ONLY schema_version:current;',
  );
  let version = stamped?.version ?? 0;
  for (const file of await files(schema)) {
    if (file.version <= version) continue;
    const text = await readFile(file.url, 'utf8');
    const statements = text.replace(/\{\{(\w+)\}\}/g, (_match, name: string) => {
      const value = parameters[name];
      if (value === undefined) throw new RangeError(`migration ${file.url.pathname} needs the parameter ${name}`);
      return String(value);
    });
    await query(
      session,
      `${statements}\nUPSERT schema_version:current SET version = $version, applied_at = time::now();`,
      {
        version: file.version,
      },
    );
    version = file.version;
  }
  return version;
}

/** Whether a database is at the newest version of its schema. */
export async function isCurrent(server: SurrealServer, ref: DatabaseRef, schema: Schema): Promise<boolean> {
  const [stamped] = await query<[{ version: number } | null]>(
    await server.session(ref),
    'SELECT version FROM ONLY schema_version:current;',
  );
  return stamped?.version === (await files(schema)).at(-1)?.version;
}

/** Whether a database exists already. */
export async function databaseExists(server: SurrealServer, ref: DatabaseRef): Promise<boolean> {
  const [root] = await server.administer((session) =>
    query<[{ namespaces: Record<string, string> }]>(session, 'INFO FOR ROOT;'),
  );
  if (!Object.hasOwn(root.namespaces, ref.namespace)) return false;
  const [, namespace] = await server.administer((session) =>
    query<[unknown, { databases: Record<string, string> }]>(
      session,
      `USE NS ${escapeIdent(ref.namespace)}; INFO FOR NS;`,
    ),
  );
  return Object.hasOwn(namespace.databases, ref.database);
}

/** Removes one database with everything in it; the namespace stays. */
export async function dropDatabase(server: SurrealServer, ref: DatabaseRef): Promise<void> {
  await server.release(ref);
  await server.administer((session) =>
    query(session, `USE NS ${escapeIdent(ref.namespace)}; REMOVE DATABASE IF EXISTS ${escapeIdent(ref.database)};`),
  );
}
