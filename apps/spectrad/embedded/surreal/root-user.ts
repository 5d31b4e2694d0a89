import { encodeArray, encodeMap, encodeText, mapFields, arrayItems, text } from './cbor.js';
import type { NativeEngine } from './native-engine.js';
import { engineFrame, errorOf } from './rpc-frame.js';

export const ROOT_USER = 'root';

/**
 * Makes the root user fit the password: defined on the first start, and redefined when the data directory's secrets were
 * replaced. Works through the engine itself, before anything listens, where an unsigned session is owner.
 *
 * Thrown when the engine refuses the definition. `password` must be base64url (it stands in the statement: the grammar
 * takes no parameter there).
 */
export async function ensureRootUser(engine: NativeEngine, password: string, session: string): Promise<void> {
  if (!/^[\w-]+$/.test(password)) throw new Error('The root password is not base64url.');
  const execute = async (method: string, params: Buffer): Promise<Buffer> =>
    Buffer.from(await engine.execute(engineFrame({ method, params, session })));
  await engine.execute(engineFrame({ method: 'attach', session }));
  try {
    const credentials = encodeMap({ user: encodeText(ROOT_USER), pass: encodeText(password) });
    if (!errorOf(await execute('signin', encodeArray([credentials])))) return;
    const statement = `DEFINE USER OVERWRITE ${ROOT_USER} ON ROOT PASSWORD '${password}' ROLES OWNER`;
    const answer = await execute('query', encodeArray([encodeText(statement)]));
    const status = mapFields(arrayItems(answer)?.[0] ?? Buffer.from([0xa0]))?.get('status');
    if (errorOf(answer) || status === undefined || text(status, 0) !== 'OK')
      throw new Error('SurrealDB refused to define its root user.');
  } finally {
    await engine.execute(engineFrame({ method: 'detach', session }));
  }
}
