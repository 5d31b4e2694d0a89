import { loadSettings, type Flags } from '#libs/config/index.js';
import { migrate } from '#libs/stores/postgres/index.js';
import { migrateDatabase, SurrealServer } from '#libs/stores/surreal/index.js';
import { required } from '../services.js';

/** `spectrad migrate`: the first step of a deploy. Safe to repeat and to run from several places at once. */
export async function migrateStores(env: NodeJS.ProcessEnv, flags: Flags): Promise<void> {
  const settings = loadSettings(env, flags);
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const { applied } = await migrate(required(settings.DATABASE_URL, 'DATABASE_URL', 'Set it to postgres://…'), {
    log: say,
  });
  say(applied.length > 0 ? `Postgres: applied ${applied.join(', ')}.` : 'Postgres: up to date.');
  const surreal = required(
    settings.SURREALDB_CONNECTION,
    'SURREALDB_CONNECTION',
    'Write ws://host:port;user;password.',
  );
  const server = new SurrealServer({
    url: surreal.endpoint,
    user: surreal.user,
    password: surreal.password,
    controlNamespace: settings.SPECTRA_SURREALDB_NAMESPACE,
  });
  try {
    const version = await migrateDatabase(
      server,
      { namespace: settings.SPECTRA_SURREALDB_NAMESPACE, database: 'metadata' },
      'control',
    );
    say(`SurrealDB control plane: version ${version}.`);
  } finally {
    await server.close();
  }
}
