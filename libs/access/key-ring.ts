import { randomBytes } from 'node:crypto';
import {
  ConflictError,
  newId,
  NotFoundError,
  UnauthorizedError,
  ValidationError,
  type KeyDetail,
  type MintedKey,
} from '#libs/contracts/index.js';
import { query, type SurrealServer } from '#libs/stores/surreal/index.js';
import type { ContextRegistry, RegisteredContext } from './context-registry.js';
import { ExpiringCache } from '#libs/cache/index.js';
import { formatKey, hashSecret, parseKey, sameHash } from './key-format.js';

/** Who calls, in which Context, by which key. */
export interface Caller {
  readonly context: RegisteredContext;
  readonly principalId: string;
  readonly keyId: string;
}

export interface MintRequest {
  readonly contextId: string;
  readonly principalId: string;
  readonly name?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly grants?: Record<string, string[]> | null | undefined;
  /** A whole key to keep instead of a random one. */
  readonly pinned?: string | undefined;
}

interface KeyRow {
  id: string;
  context: string;
  name: string;
  hash: string;
  principal_id: string;
  grants?: Record<string, string[]> | null;
  valid_until?: string | null;
  created_at: string;
}

export interface KeyRingOptions {
  readonly server: SurrealServer;
  readonly registry: ContextRegistry;
  /** Keys the hashes; the same for every process of a deployment. */
  readonly serverSecret: string;
  readonly now?: () => number;
}

/** A revoked key stops at once on the process that did it, and within this time on every other. */
const CACHE_TTL_MS = 1_000;

const KEY_COLUMNS = `record::id(id) AS id, context, name, hash, principal_id, grants, valid_until, created_at`;

function detail(row: KeyRow): KeyDetail {
  return {
    id: row.id,
    name: row.name,
    principalId: row.principal_id,
    createdAt: row.created_at,
    lastUsedAt: null,
    validUntil: row.valid_until ?? null,
    grants: row.grants ?? null,
  };
}

/** Mints, lists, deletes and verifies keys. Only keyed hashes are kept; a secret leaves this class once. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #now: () => number;
  readonly #contextKeys: ExpiringCache<KeyRow | null>;
  readonly #managementKeys: ExpiringCache<string | null>;

  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#contextKeys = new ExpiringCache(CACHE_TTL_MS, 10_000, this.#now);
    this.#managementKeys = new ExpiringCache(CACHE_TTL_MS, 100, this.#now);
  }

  /**
   * Who the key belongs to in that Context.
   * @throws UnauthorizedError for a wrong, expired or foreign key and for an unknown Context alike.
   */
  async authenticate(contextId: string, key: string): Promise<Caller> {
    const parsed = parseKey(key);
    if (!parsed) throw new UnauthorizedError();
    const [row, context] = await Promise.all([this.#contextKey(parsed.id), this.#options.registry.find(contextId)]);
    const proven = row !== null && sameHash(row.hash, hashSecret(this.#options.serverSecret, parsed.secret));
    const expired = row?.valid_until != null && Date.parse(row.valid_until) <= this.#now();
    if (!proven || expired || !context || row.context !== contextId) throw new UnauthorizedError();
    return { context, principalId: row.principal_id, keyId: row.id };
  }

  /** @throws UnauthorizedError unless it is a management key of this deployment. */
  async authenticateManagement(key: string): Promise<void> {
    const parsed = parseKey(key);
    const hash = parsed ? await this.#managementHash(parsed.id) : null;
    if (!parsed || !hash || !sameHash(hash, hashSecret(this.#options.serverSecret, parsed.secret))) {
      throw new UnauthorizedError(
        'This is not a management key of this deployment. Send `Authorization: Bearer <management key>`.',
      );
    }
  }

  /**
   * Mints a key for a principal of a Context.
   * @throws NotFoundError when the principal does not exist; ConflictError when the name is taken in the Context.
   */
  async mint(request: MintRequest): Promise<MintedKey> {
    const context = await this.#options.registry.get(request.contextId);
    await this.#requirePrincipal(context, request.principalId);
    const { id, key, hash } = this.#make(request.pinned);
    const validUntil =
      request.ttlSeconds === undefined ? null : new Date(this.#now() + request.ttlSeconds * 1000).toISOString();
    const name = request.name ?? `key-${id.slice(-8)}`;
    try {
      await query(
        await this.#options.server.control(),
        `CREATE type::record('context_api_key', $id) CONTENT { context: $context, name: $name, hash: $hash, principal_id: $principal,
           grants: $grants, strict: false, valid_until: IF $validUntil THEN type::datetime($validUntil) ELSE NONE END, created_at: time::now() }`,
        {
          id,
          context: request.contextId,
          name,
          hash,
          principal: request.principalId,
          grants: request.grants ?? undefined,
          validUntil,
        },
      );
    } catch (error) {
      throw this.#asConflict(error, name);
    }
    this.#contextKeys.delete(id);
    return { key, id, validUntil };
  }

  /** All keys of a Context, or those of one principal. */
  async list(contextId: string, principalId?: string): Promise<KeyDetail[]> {
    const context = await this.#options.registry.get(contextId);
    if (principalId !== undefined) await this.#requirePrincipal(context, principalId);
    const [rows] = await query<[KeyRow[]]>(
      await this.#options.server.control(),
      `SELECT ${KEY_COLUMNS} FROM context_api_key WHERE context = $context AND ($principal = NONE OR principal_id = $principal) ORDER BY name`,
      { context: contextId, principal: principalId },
    );
    return rows.map(detail);
  }

  /** Deletes a key by its name. @throws NotFoundError when the Context (or the principal) has none of that name. */
  async delete(contextId: string, name: string, principalId?: string): Promise<void> {
    await this.#options.registry.get(contextId);
    const [deleted] = await query<[{ id: string }[]]>(
      await this.#options.server.control(),
      `DELETE context_api_key WHERE context = $context AND name = $name AND ($principal = NONE OR principal_id = $principal) RETURN BEFORE`,
      { context: contextId, name, principal: principalId },
    );
    if (deleted.length === 0) throw new NotFoundError(`There is no key ${name} here.`, 'key_not_found');
    this.#contextKeys.clear();
  }

  /** Forgets keys that were removed together with their Context, so that a new Context of the same id does not know them. */
  forgetContextKeys(): void {
    this.#contextKeys.clear();
  }

  /** Makes sure that a management key exists: the pinned one, or a new one where there is none yet. @returns its secret form when it was just made. */
  async ensureManagementKey(pinned?: string): Promise<string | null> {
    const control = await this.#options.server.control();
    if (!pinned) {
      const [rows] = await query<[unknown[]]>(control, 'SELECT id FROM api_key LIMIT 1');
      if (rows.length > 0) return null;
    }
    const { id, key, hash } = this.#make(pinned);
    const [existing] = await query<[{ hash: string } | null]>(
      control,
      `SELECT hash FROM ONLY type::record('api_key', $id)`,
      { id },
    );
    if (existing && sameHash(existing.hash, hash)) return null;
    await query(
      control,
      `UPSERT type::record('api_key', $id) CONTENT { name: 'bootstrap', hash: $hash, created_at: time::now() }`,
      { id, hash },
    );
    this.#managementKeys.delete(id);
    return key;
  }

  /**
   * Makes sure that a Context has a key of that name: the pinned one (which replaces another of the name), or a new one
   * where there is none yet.
   * @returns the key when it was just made; null when it was there.
   */
  async ensureContextKey(request: MintRequest & { readonly name: string }): Promise<string | null> {
    const existing = (await this.list(request.contextId)).find((key) => key.name === request.name);
    const wanted = request.pinned ? this.#make(request.pinned) : null;
    if (existing && !wanted) return null;
    if (existing && wanted) {
      const row = existing.id === wanted.id ? await this.#contextKey(existing.id) : null;
      if (row && sameHash(row.hash, wanted.hash)) return null;
      await this.delete(request.contextId, request.name);
    }
    return (await this.mint(request)).key;
  }

  #make(pinned: string | undefined): { id: string; key: string; hash: string } {
    const key = pinned ?? formatKey(newId(this.#now(), randomBytes(10)), randomBytes(32));
    const parsed = parseKey(key);
    if (!parsed) {
      throw new ValidationError(
        'A pinned key must look like sp-{id}-{secret}: 4-64 lower-case letters and digits, then at least 16 characters.',
      );
    }
    return { id: parsed.id, key, hash: hashSecret(this.#options.serverSecret, parsed.secret) };
  }

  #asConflict(error: unknown, name: string): unknown {
    const message = error instanceof Error ? error.message : '';
    return /already (exists|contains)/i.test(message)
      ? new ConflictError(`A key named ${name} exists in this Context already.`, 'key_name_taken')
      : error;
  }

  async #requirePrincipal(context: RegisteredContext, principalId: string): Promise<void> {
    const [found] = await query<[unknown]>(
      await this.#options.server.session(context.ref),
      `SELECT id FROM ONLY type::record('principal', $id)`,
      { id: principalId },
    );
    if (!found) throw new NotFoundError(`There is no principal ${principalId} in this Context.`, 'principal_not_found');
  }

  async #contextKey(id: string): Promise<KeyRow | null> {
    const cached = this.#contextKeys.get(id);
    if (cached !== undefined) return cached;
    const [row] = await query<[KeyRow | null | undefined]>(
      await this.#options.server.control(),
      `SELECT ${KEY_COLUMNS} FROM ONLY type::record('context_api_key', $id)`,
      { id },
    );
    this.#contextKeys.set(id, row ?? null);
    return row ?? null;
  }

  async #managementHash(id: string): Promise<string | null> {
    const cached = this.#managementKeys.get(id);
    if (cached !== undefined) return cached;
    const [row] = await query<[{ hash: string } | null]>(
      await this.#options.server.control(),
      `SELECT hash FROM ONLY type::record('api_key', $id)`,
      { id },
    );
    this.#managementKeys.set(id, row?.hash ?? null);
    return row?.hash ?? null;
  }
}
