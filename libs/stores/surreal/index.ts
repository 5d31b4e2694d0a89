export { SurrealServer, type DatabaseRef, type SurrealOptions } from './connection.js';
export { databaseExists, dropDatabase, isCurrent, migrateDatabase } from './migrations.js';
export { atomic, query, type Bindings } from './query.js';
export type { SurrealSession } from 'surrealdb';
export { claimVectorIndexIdentity } from './vector-index-identity.js';
