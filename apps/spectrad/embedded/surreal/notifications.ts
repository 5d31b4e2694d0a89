import type { SessionDirectory } from './connection.js';
import { encodeArray, encodeMap, encodeUuid, mapFields, uuid } from './cbor.js';
import type { NativeEngine } from './native-engine.js';
import { engineFrame } from './rpc-frame.js';

/**
 * Delivers the engine's LIVE notifications to the connection whose session asked for them, until the engine is freed.
 *
 * The engine keeps the live queries of a session that is gone; they are killed at their first notification, by
 * `ownerSession`, as is a notification for a session that signed out.
 */
export async function deliverNotifications(
  engine: NativeEngine,
  directory: SessionDirectory,
  ownerSession: string,
): Promise<void> {
  const receiver = await engine.notifications();
  for (;;) {
    const next = await receiver.recv();
    if (next === null) return;
    const fields = mapFields(Buffer.from(next));
    const id = fields?.get('id');
    const sessionItem = fields?.get('session');
    // The engine's word that a query was killed names no session; who killed it has its own answer.
    if (!fields || id === undefined || sessionItem === undefined) continue;
    const target = directory.get(uuid(sessionItem) ?? '');
    if (target?.session.mayReceive) {
      fields.delete('session');
      if (target.clientName !== null) fields.set('session', encodeUuid(target.clientName));
      target.connection.deliver(encodeMap({ result: encodeMap(Object.fromEntries(fields)) }));
    } else {
      // Not awaited: the engine may hand out further notifications before it answers.
      engine
        .execute(engineFrame({ method: 'kill', params: encodeArray([id]), session: ownerSession }))
        .catch(() => undefined);
    }
  }
}
