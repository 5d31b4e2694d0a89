export { fullJitterMs, type Backoff } from './backoff.js';
export { safeInteger } from './integers.js';
export { migrate, type MigrateOptions } from './migrate.js';
export { createPool, type PoolOptions } from './pool.js';
export type { Queryable } from './queryable.js';
export { withTransaction, type Transaction, type TransactionOptions } from './transaction.js';
export { isConnectionError, isServerShutdown, toUnavailable } from './unavailable.js';
