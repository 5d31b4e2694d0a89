import { Surreal, type SurrealSession } from 'surrealdb';
import { UnavailableError } from '#libs/contracts/index.js';

export interface SurrealOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** The control plane's namespace; its database is `metadata`. */
  readonly controlNamespace: string;
  /** Longest wait for the first answer, 10 s unless told. */
  readonly connectTimeoutMs?: number;
}

/** One database of the server, by namespace and name. */
export interface DatabaseRef {
  readonly namespace: string;
  readonly database: string;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Closes a forked session. The driver would leave the timer that renews its sign-in running for an hour, and with it
 * the process; only giving the sign-in up stops the timer.
 */
async function closeSession(session: SurrealSession): Promise<void> {
  try {
    await session.invalidate();
  } finally {
    await session.closeSession();
  }
}

/**
 * One WebSocket connection of this process, multiplexed into one session per database. The driver reconnects and
 * restores its sessions by itself; calls made meanwhile fail and are retried by whoever owns the unit of work.
 */
export class SurrealServer {
  readonly #options: SurrealOptions;
  readonly #sessions = new Map<string, Promise<SurrealSession>>();
  #root: Promise<Surreal> | undefined;

  constructor(options: SurrealOptions) {
    this.#options = options;
  }

  /** The control plane: registry of Contexts and keys. */
  control(): Promise<SurrealSession> {
    return this.session({ namespace: this.#options.controlNamespace, database: 'metadata' });
  }

  /** A session bound to one database, shared by all callers. @throws UnavailableError when the server does not answer. */
  async session(ref: DatabaseRef): Promise<SurrealSession> {
    const key = `${ref.namespace}/${ref.database}`;
    let session = this.#sessions.get(key);
    if (!session) {
      session = this.#open(ref);
      this.#sessions.set(key, session);
      session.catch(() => this.#sessions.delete(key));
    }
    return session;
  }

  /** Forgets the session of a database that was removed. */
  async release(ref: DatabaseRef): Promise<void> {
    const key = `${ref.namespace}/${ref.database}`;
    const session = this.#sessions.get(key);
    this.#sessions.delete(key);
    await session?.then(closeSession).catch(() => undefined);
  }

  /** Whether the server answers. */
  async isConnected(): Promise<boolean> {
    try {
      const root = await this.#connect();
      await root.health();
      return true;
    } catch {
      return false;
    }
  }

  /** Runs statements on namespaces and databases themselves in a session of their own, closed afterwards. */
  async administer<T>(run: (session: SurrealSession) => Promise<T>): Promise<T> {
    const root = await this.#connect();
    const session = await root.forkSession();
    try {
      return await run(session);
    } finally {
      await closeSession(session).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    const root = this.#root;
    this.#root = undefined;
    this.#sessions.clear();
    await root?.then((connection) => connection.close()).catch(() => undefined);
  }

  async #open(ref: DatabaseRef): Promise<SurrealSession> {
    const root = await this.#connect();
    const session = await root.forkSession();
    await session.use(ref);
    return session;
  }

  async #connect(): Promise<Surreal> {
    this.#root ??= this.#dial().catch((cause: unknown) => {
      this.#root = undefined;
      throw new UnavailableError('SurrealDB does not answer.', { code: 'surrealdb_unavailable', cause });
    });
    return this.#root;
  }

  async #dial(): Promise<Surreal> {
    const connection = new Surreal();
    const { url, user, password } = this.#options;
    const timeout = AbortSignal.timeout(this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
    const gaveUp = new Promise<never>((_resolve, reject) => {
      timeout.addEventListener(
        'abort',
        () => {
          reject(new Error('timed out'));
        },
        { once: true },
      );
    });
    try {
      await Promise.race([
        connection.connect(new URL('/rpc', url).toString(), {
          authentication: () => ({ username: user, password }),
          reconnect: { enabled: true, attempts: -1, retryDelay: 200, retryDelayMax: 5_000 },
        }),
        gaveUp,
      ]);
      return connection;
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw error;
    }
  }
}
