import {
  ConflictError,
  NotFoundError,
  SpectraError,
  type Context,
  type CreateContextRequest,
} from '#libs/contracts/index.js';
import {
  atomic,
  claimVectorIndexIdentity,
  databaseExists,
  dropDatabase,
  migrateDatabase,
  query,
  type DatabaseRef,
  type SurrealServer,
} from '#libs/stores/surreal/index.js';
import { ExpiringCache } from '#libs/cache/index.js';
import { BUILT_IN_PRINCIPALS } from './principals.js';

interface ContextRow {
  id: string;
  namespace: string;
  database: string;
  description?: string | null;
  config: Record<string, unknown>;
  embedding_model: string;
  embedding_dimensions: number;
  state: 'provisioning' | 'active' | 'deleting';
  made_database: boolean;
  created_at: string;
}

/** An active Context with the place of its database. */
export interface RegisteredContext extends Context {
  readonly ref: DatabaseRef;
}

export interface ContextRegistryOptions {
  readonly server: SurrealServer;
  readonly controlNamespace: string;
  /** The model that new Contexts are bound to. */
  readonly embedding: { readonly model: string; readonly dimensions: number };
  readonly now?: () => number;
}

/** Another process sees a created or deleted Context within this time. */
const CACHE_TTL_MS = 1_000;
/** A creation that did not finish within this time was cut off; the same call may take over. */
const PROVISIONING_TIMEOUT_MS = 60_000;

const COLUMNS = `record::id(id) AS id, namespace, database, description, config, embedding_model, embedding_dimensions, state, made_database, created_at`;

function toContext(row: ContextRow): RegisteredContext {
  return {
    id: row.id,
    namespace: row.namespace,
    database: row.database,
    description: row.description ?? null,
    config: row.config,
    embedding: { model: row.embedding_model, dimensions: row.embedding_dimensions },
    created_at: row.created_at,
    ref: { namespace: row.namespace, database: row.database },
  };
}

/** Which Contexts exist and where their databases are. Kept in the control plane; read through a one-second cache. */
export class ContextRegistry {
  readonly #server: SurrealServer;
  readonly #options: ContextRegistryOptions;
  readonly #now: () => number;
  readonly #cache: ExpiringCache<RegisteredContext | null>;

  constructor(options: ContextRegistryOptions) {
    this.#server = options.server;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#cache = new ExpiringCache(CACHE_TTL_MS, 1_000, this.#now);
  }

  /** Creates the control plane's database where it is missing. */
  async initialise(): Promise<void> {
    await migrateDatabase(this.#server, { namespace: this.#options.controlNamespace, database: 'metadata' }, 'control');
  }

  /** The active Context of that id, or null. */
  async find(id: string): Promise<RegisteredContext | null> {
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const row = await this.#row(id);
    const found = row?.state === 'active' ? toContext(row) : null;
    this.#cache.set(id, found);
    return found;
  }

  /** @throws NotFoundError when there is none. */
  async get(id: string): Promise<RegisteredContext> {
    const found = await this.find(id);
    if (!found) throw new NotFoundError(`There is no Context ${id}.`, 'context_not_found');
    return found;
  }

  async list(): Promise<RegisteredContext[]> {
    const [rows] = await query<[ContextRow[]]>(
      await this.#server.control(),
      `SELECT ${COLUMNS} FROM context WHERE state = 'active' ORDER BY id`,
    );
    return rows.map(toContext);
  }

  /**
   * Registers a Context, makes its database and seeds its built-in principals. When that fails, a database that this
   * call made is removed again; one that was there before never is.
   * @throws ConflictError when the id is taken, or the database belongs to another Context.
   */
  async create(id: string, request: CreateContextRequest): Promise<RegisteredContext> {
    const ref = { namespace: request.namespace, database: request.database };
    if (ref.namespace === this.#options.controlNamespace) {
      throw new SpectraError({
        status: 422,
        code: 'reserved_namespace',
        message: `The namespace ${ref.namespace} belongs to the control plane; choose another.`,
      });
    }
    const existed = await this.#reserve(id, request);
    try {
      await migrateDatabase(this.#server, ref, 'context', {
        dimensions: this.#options.embedding.dimensions,
        ...(await claimVectorIndexIdentity(this.#server)),
      });
      await this.#seedPrincipals(ref, request);
      await query(await this.#server.control(), `UPDATE type::record('context', $id) SET state = 'active'`, { id });
    } catch (error) {
      if (!existed) await dropDatabase(this.#server, ref).catch(() => undefined);
      await query(await this.#server.control(), `DELETE type::record('context', $id)`, { id }).catch(() => undefined);
      throw error;
    } finally {
      this.#cache.delete(id);
    }
    return this.get(id);
  }

  /**
   * Removes the keys, the database and the entry of a Context; `removeObjects` removes its stored files in between.
   * A call that was cut off is finished by the next one.
   * @throws NotFoundError when there is none.
   */
  async delete(id: string, removeObjects: () => Promise<void>): Promise<void> {
    const row = await this.#row(id);
    if (!row) throw new NotFoundError(`There is no Context ${id}.`, 'context_not_found');
    const control = await this.#server.control();
    await atomic(
      control,
      `BEGIN; UPDATE type::record('context', $id) SET state = 'deleting'; DELETE context_api_key WHERE context = $id; COMMIT;`,
      { id },
    );
    this.#cache.delete(id);
    await dropDatabase(this.#server, { namespace: row.namespace, database: row.database });
    await removeObjects();
    await query(control, `DELETE type::record('context', $id)`, { id });
  }

  async #row(id: string): Promise<ContextRow | null> {
    const [row] = await query<[ContextRow | null | undefined]>(
      await this.#server.control(),
      `SELECT ${COLUMNS} FROM ONLY type::record('context', $id)`,
      { id },
    );
    return row ?? null;
  }

  /** Registers the id, taking over a creation that was cut off. @returns whether the database is older than this call. */
  async #reserve(id: string, request: CreateContextRequest): Promise<boolean> {
    const existing = await this.#row(id);
    const abandoned =
      existing?.state === 'provisioning' && Date.parse(existing.created_at) < this.#now() - PROVISIONING_TIMEOUT_MS;
    if (existing && !abandoned) throw new ConflictError(`The Context ${id} exists already.`, 'context_exists');
    const control = await this.#server.control();
    if (abandoned) {
      // A half-made database cannot be continued: its tables have passed over ids already.
      if (existing.made_database) await dropDatabase(this.#server, existing);
      await query(control, `DELETE type::record('context', $id)`, { id });
    }
    const existed = await databaseExists(this.#server, request);
    try {
      await query(
        control,
        `CREATE type::record('context', $id) CONTENT {
           namespace: $namespace, database: $database, description: $description, config: $config,
           embedding_model: $model, embedding_dimensions: $dimensions, state: 'provisioning', made_database: $made, created_at: time::now() }`,
        {
          id,
          namespace: request.namespace,
          database: request.database,
          description: request.description,
          config: request.config ?? {},
          model: this.#options.embedding.model,
          dimensions: this.#options.embedding.dimensions,
          made: !existed,
        },
      );
      return existed;
    } catch (error) {
      const message = error instanceof Error ? error.message : '';
      if (message.includes('context_database')) {
        throw new ConflictError(
          `The database ${request.namespace}/${request.database} belongs to another Context.`,
          'database_taken',
        );
      }
      if (/already exists/i.test(message))
        throw new ConflictError(`The Context ${id} exists already.`, 'context_exists');
      throw error;
    }
  }

  async #seedPrincipals(ref: DatabaseRef, request: CreateContextRequest): Promise<void> {
    const session = await this.#server.session(ref);
    for (const principal of BUILT_IN_PRINCIPALS) {
      const admin = principal.id === 'admin';
      await query(
        session,
        `INSERT IGNORE INTO principal { id: type::record('principal', $id), kind: $kind, display_name: $name,
           external_id: $external, grants: $grants, created_at: time::now() }`,
        {
          id: principal.id,
          kind: principal.kind,
          name: (admin ? request.admin_display_name : undefined) ?? principal.displayName,
          external: admin ? request.admin_external_id : undefined,
          grants: principal.grants,
        },
      );
    }
  }
}
