import pg from 'pg';

export interface PoolOptions {
  /** `postgres://` connection string. */
  readonly url: string;
  /** Connections at most. */
  readonly max: number;
  /** Shown in pg_stat_activity: role and worker id. */
  readonly applicationName: string;
  /** Called when an idle connection breaks; the pool has already dropped it. */
  readonly onError: (error: Error) => void;
}

/** Longer than any statement or handler (HANDLER_MAX 20 s): it exists to notice a silent connection, not to police queries. */
const QUERY_TIMEOUT_MS = 35_000;

/**
 * A pool with time-outs that suit a service: 5 s to connect, 35 s of silence on a query, TCP keep-alive.
 * All of them are kept on this side, because transaction poolers refuse unknown start-up parameters.
 */
export function createPool({ url, max, applicationName, onError }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  pool.on('error', onError);
  return pool;
}
