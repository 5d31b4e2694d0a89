import { randomBytes } from 'node:crypto';
import {
  claimVectorIndexIdentity,
  migrateDatabase,
  SurrealServer,
  type SurrealSession,
} from '#libs/stores/surreal/index.js';

export interface ContextDatabase {
  readonly id: string;
  readonly session: SurrealSession;
  close(): Promise<void>;
}

/** The database of one Context on the SurrealDB of the test run, for tests that need nothing else of the service. */
export async function contextDatabase(dimensions = 384): Promise<ContextDatabase> {
  const [url = '', user = '', password = ''] = (process.env['SPECTRA_TEST_SURREALDB'] ?? '').split(';');
  const id = `t${randomBytes(6).toString('hex')}`;
  const server = new SurrealServer({ url, user, password, controlNamespace: id });
  const ref = { namespace: id, database: 'context' };
  await migrateDatabase(server, ref, 'context', { dimensions, ...(await claimVectorIndexIdentity(server)) });
  return { id, session: await server.session(ref), close: () => server.close() };
}
