import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { fullJitterMs } from '#libs/stores/postgres/index.js';
import type { Logger } from '#libs/telemetry/index.js';

export type WorkerState = 'running' | 'reconnecting';

/** What the process says about itself: free form, small, no secrets. */
export type WorkerDetail = Readonly<Record<string, unknown>>;

export interface WorkerHeartbeatOptions {
  readonly url: string;
  /** Unique per process start. */
  readonly workerId: string;
  readonly generation: number;
  readonly environment: string;
  readonly host: string;
  readonly pid: number;
  readonly roles: readonly string[];
  readonly version: string;
  readonly logger: Logger;
  /** Between two beats, in milliseconds; 30 s is the published value, 60 s without a beat means stale. */
  readonly heartbeatMs?: number;
  /** Read at every beat. */
  readonly detail?: () => WorkerDetail;
  readonly random?: () => number;
}

/** One statement for registering, beating and every change of state: whatever was missed, the next one makes it right. */
const WRITE = `
  insert into core.workers (worker_id, generation, environment, state, host, pid, roles, version, detail)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  on conflict (worker_id) do update
     set state = excluded.state, last_seen = now(), detail = excluded.detail`;

/** The row should say "cut off" soon after the database is back, so the pauses stay below a beat. */
const RECONNECT = { baseMs: 500, capMs: 30_000 };
const QUERY_TIMEOUT_MS = 5_000;

/**
 * Keeps this process's row in core.workers, on a connection of its own so that a busy pool cannot make a live process
 * look dead. States: running -> reconnecting -> running; exited on an orderly stop. A lost connection is opened again
 * with back-off for as long as the process lives: whether it may live without a database is not decided here.
 */
export class WorkerHeartbeat {
  readonly #options: WorkerHeartbeatOptions;
  readonly #random: () => number;
  /** One per outage (and one for the life outside outages), so that the lines of a transition find each other. */
  #correlationId = randomUUID();
  #client: pg.Client | undefined;
  #state: WorkerState | 'exited' = 'running';
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  /** Writes go one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: WorkerHeartbeatOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** Registers the process as running. Rejects when the database cannot be reached: the process should not go on. */
  async start(): Promise<void> {
    await this.#write();
    this.#log('worker registered');
    this.#schedule();
  }

  /** Shows at once in the row, or with the next beat when the database cannot be reached now. */
  setState(state: WorkerState): void {
    if (this.#state === 'exited' || this.#state === state) return;
    if (state === 'reconnecting') this.#correlationId = randomUUID();
    this.#state = state;
    this.#log('worker state');
    this.#beat();
  }

  /** Marks the row exited and closes the connection. Never rejects: a stop must go on without a database. */
  async stop(): Promise<void> {
    if (this.#state === 'exited') return;
    this.#state = 'exited';
    clearTimeout(this.#timer);
    await this.#queue;
    try {
      await this.#write();
      this.#log('worker exited');
    } catch (error) {
      this.#warn(error, 'worker row could not be marked exited; it will look stale');
    }
    await this.#close();
  }

  #schedule(): void {
    if (this.#state === 'exited') return;
    const { heartbeatMs = 30_000 } = this.#options;
    const delayMs =
      this.#failures === 0 ? heartbeatMs : Math.min(heartbeatMs, fullJitterMs(RECONNECT, this.#failures, this.#random));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#beat();
    }, delayMs);
  }

  #beat(): void {
    clearTimeout(this.#timer);
    this.#queue = this.#queue.then(async () => {
      if (this.#state === 'exited') return;
      try {
        await this.#write();
        if (this.#failures > 0) this.#log('worker heartbeat is back');
        this.#failures = 0;
      } catch (error) {
        if (this.#failures === 0) this.#warn(error, 'worker heartbeat failed; reconnecting');
        this.#failures += 1;
        await this.#close();
      }
      this.#schedule();
    });
  }

  async #write(): Promise<void> {
    const { workerId, generation, environment, host, pid, roles, version, detail } = this.#options;
    const client = (this.#client ??= await this.#connect());
    await client.query(WRITE, [
      workerId,
      generation,
      environment,
      this.#state,
      host,
      pid,
      [...roles],
      version,
      JSON.stringify(detail?.() ?? {}),
    ]);
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: `spectra-heartbeat ${this.#options.workerId}`,
      connectionTimeoutMillis: QUERY_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
    });
    client.on('error', () => {
      // Between two beats; the next one finds no connection and opens another.
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    return client;
  }

  async #close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await Promise.race([client?.end().catch(() => undefined), new Promise((r) => setTimeout(r, 1_000).unref())]);
  }

  #log(message: string): void {
    const { logger, workerId } = this.#options;
    logger.info({ workerId, state: this.#state, correlationId: this.#correlationId }, message);
  }

  #warn(error: unknown, message: string): void {
    const { logger, workerId } = this.#options;
    const text = error instanceof Error ? error.message : String(error);
    logger.warn({ workerId, state: this.#state, correlationId: this.#correlationId, error: text }, message);
  }
}
