import type { QueryResult, QueryResultRow } from 'pg';

/** What a pool and an open transaction have in common: repositories that need no transaction take this. */
export interface Queryable {
  query<R extends QueryResultRow = QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<R>>;
}
