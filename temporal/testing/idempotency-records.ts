import type { Services } from '../../apps/spectrad/services.js';
import { query, type SurrealSession } from '#libs/stores/surreal/index.js';

async function database(services: Services, contextId: string): Promise<SurrealSession> {
  return services.server.session((await services.registry.get(contextId)).ref);
}

/** Puts one Idempotency-Key record into a Context whose window ended a second ago, and one whose window is open. */
export async function putExpiredAndLive(services: Services, contextId: string): Promise<void> {
  await query(
    await database(services, contextId),
    `INSERT INTO idempotency [
       { id: ['admin', 'expired'], request_hash: 'h', state: 'done', owner: 'o', lease_until: time::now(), expires_at: time::now() - 1s },
       { id: ['admin', 'live'], request_hash: 'h', state: 'done', owner: 'o', lease_until: time::now(), expires_at: time::now() + 1h }
     ] RETURN NONE`,
  );
}

/** The keys that a Context still holds records of. */
export async function keysOf(services: Services, contextId: string): Promise<string[]> {
  const [keys] = await query<[string[]]>(
    await database(services, contextId),
    'SELECT VALUE record::id(id)[1] FROM idempotency',
  );
  return keys.sort();
}
