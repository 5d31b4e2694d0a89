import type { SurrealServer } from './connection.js';
import { atomic } from './query.js';

/** Index ids that are passed over before table ids are. */
const INDEXES_PER_STEP = 64;
/** More than a Context's schema has tables: neighbouring steps must not meet at different tables. */
const TABLES_PER_STEP = 32;

/** Statements that make the vector indexes of one Context unlike those of every other, for the migration files. */
export type VectorIndexIdentity = {
  /** Before the first table is defined. */
  readonly distinct_tables: string;
  /** After `knowledge_vector` is defined and before its vector index is. */
  readonly distinct_knowledge_vector: string;
  /** The same for `memory_vector`. */
  readonly distinct_memory_vector: string;
};

function passOver(count: number, statements: (n: number) => string): string {
  return Array.from({ length: count }, (_unused, n) => statements(n)).join('\n');
}

function indexes(table: string, count: number): string {
  return passOver(
    count,
    (n) => `DEFINE INDEX passed_over_${n} ON ${table} FIELDS created_at; REMOVE INDEX passed_over_${n} ON ${table};`,
  );
}

/** Server-wide, because the defect is: two control planes may share one server. */
const SEQUENCES = { namespace: 'spectra_server', database: 'sequences' } as const;

/** A number that no Context of this server has or had, from 0. */
async function nextOrdinal(server: SurrealServer): Promise<number> {
  // Every statement can be repeated, so the whole can be sent again after a conflict.
  await server.administer((session) =>
    atomic(
      session,
      `DEFINE NAMESPACE IF NOT EXISTS ${SEQUENCES.namespace};
       USE NS ${SEQUENCES.namespace};
       DEFINE DATABASE IF NOT EXISTS ${SEQUENCES.database};
       USE NS ${SEQUENCES.namespace} DB ${SEQUENCES.database};
       DEFINE TABLE IF NOT EXISTS sequence SCHEMALESS;`,
    ),
  );
  const [rows] = await atomic<[{ handed_out: number }[]]>(
    await server.session(SEQUENCES),
    'UPSERT sequence:vector_index SET handed_out += 1 RETURN AFTER;',
  );
  const handedOut = rows[0]?.handed_out;
  if (handedOut === undefined) throw new Error('SurrealDB answered a sequence without a number');
  return handedOut - 1;
}

/**
 * Works around a defect of the embedded engine (3.0.2): it caches the graph of an HNSW index under (table id, index id)
 * without the database, and every database numbers both from the start. Two Contexts with the same schema share one
 * cache then, and kNN finds nothing, or less, in all but the first (seen with three rows of 384 dimensions in each of five
 * databases: 3 2 1 0 2 found; with ids that differ: 3 3 3 3 3). Ids are never used twice within a database, so defining and
 * removing something passes them over. Harmless on a server without the defect.
 * @returns statements for the migration of one Context, different for every Context of the server
 */
export async function claimVectorIndexIdentity(server: SurrealServer): Promise<VectorIndexIdentity> {
  const ordinal = await nextOrdinal(server);
  const passedTables = Math.floor(ordinal / INDEXES_PER_STEP) * TABLES_PER_STEP;
  const passedIndexes = ordinal % INDEXES_PER_STEP;
  return {
    distinct_tables: passOver(passedTables, (n) => `DEFINE TABLE passed_over_${n}; REMOVE TABLE passed_over_${n};`),
    distinct_knowledge_vector: indexes('knowledge_vector', passedIndexes),
    distinct_memory_vector: indexes('memory_vector', passedIndexes),
  };
}
