import type { Pool } from 'pg';
import { documentWorkflowId } from '#libs/contracts/index.js';
import type { ObjectStore } from '#libs/stores/objects/index.js';
import type { SurrealSession } from '#libs/stores/surreal/index.js';
import { DocumentRepository } from './repository/document-repository.js';

export interface ClearUpDependencies {
  readonly pool: Pool;
  readonly objects: ObjectStore;
  /** The database of a Context, or null when there is no such Context. */
  readonly sessionOf: (contextId: string) => Promise<SurrealSession | null>;
}

/**
 * What is younger may be an upload that still runs: the api takes at most 15 minutes for the body of a request, and a
 * transaction that is idle ends after one.
 */
const LEFT_BEHIND_MS = 60 * 60_000;

/** The layout of `storageKeys.original`. */
const ORIGINAL = /^contexts\/([^/]+)\/blake3\/[0-9a-f]{2}\/([0-9a-f]{64})\/([0-9a-z]+)$/;

/** Whether an accept of that version promised the bytes under that key. */
async function isPromised(pool: Pool, key: string, contextId: string, id: string, version: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from core.outbox
     where event_type = 'document.accepted' and idempotency_key = $1 and payload->>'storageKey' = $2 limit 1`,
    [documentWorkflowId(contextId, id, version), key],
  );
  return rowCount === 1;
}

/**
 * Bytes are claimed by the event of their accept, or, when that is past its retention, by the record it led to. Those
 * that took the place of lost ones bear the id of their upload, and belong to a document of another.
 */
async function isAccepted(
  { pool, sessionOf }: ClearUpDependencies,
  key: string,
  [contextId, hash, id]: readonly [string, string, string],
): Promise<boolean> {
  if (await isPromised(pool, key, contextId, id, 1)) return true;
  const session = await sessionOf(contextId);
  if (session === null) return false;
  const documents = new DocumentRepository(session);
  if ((await documents.find(id)) !== null) return true;
  const holder = await documents.findByContentHash(`blake3:${hash}`);
  if (holder === null) return false;
  return holder.storageKey === key || isPromised(pool, key, contextId, holder.id, holder.version + 1);
}

export interface ClearUpOptions {
  /** Age from which something counts as left behind. */
  readonly olderThanMs?: number;
  /** Looked at before each object: what comes after it is left for the next time. */
  readonly signal?: AbortSignal;
}

export interface ClearedUp {
  /** Files that were never whole. */
  readonly halves: number;
  /** Files that were never accepted. */
  readonly orphans: number;
  /** Files that could not be judged or removed; they stay for the next time. */
  readonly failed: number;
  /** What the first of those threw. */
  readonly error?: unknown;
}

/**
 * Removes what uploads left in the object store whose api died: halves of files, and files that were stored whole and
 * never accepted. Bounded by what the store hands out at a time; repeat it now and then.
 * @throws what the object store throws when it cannot be listed.
 */
export async function clearUpUploads(
  dependencies: ClearUpDependencies,
  { olderThanMs = LEFT_BEHIND_MS, signal }: ClearUpOptions = {},
): Promise<ClearedUp> {
  const { objects } = dependencies;
  const halves = await objects.removeHalfWritten(olderThanMs);
  const errors: unknown[] = [];
  let orphans = 0;
  for (const key of await objects.provisional(olderThanMs)) {
    if (signal?.aborted === true) break;
    const [, contextId, hash, id] = ORIGINAL.exec(key) ?? [];
    if (contextId === undefined || hash === undefined || id === undefined) continue;
    try {
      if (await isAccepted(dependencies, key, [contextId, hash, id])) {
        await objects.keep(key);
      } else {
        await objects.delete(key);
        orphans += 1;
      }
    } catch (error) {
      // One Context that cannot be asked must not keep the files of all others.
      errors.push(error);
    }
  }
  const [error] = errors;
  return { halves, orphans, failed: errors.length, ...(errors.length > 0 ? { error } : {}) };
}
