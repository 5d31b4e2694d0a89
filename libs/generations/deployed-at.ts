import type { Queryable } from '#libs/stores/postgres/index.js';

/** When a generation was allocated; null when it is unknown. */
export async function deployedAt(db: Queryable, generation: number): Promise<Date | null> {
  const { rows } = await db.query<{ deployed_at: Date }>(
    'select deployed_at from core.deployments where generation = $1',
    [generation],
  );
  return rows[0]?.deployed_at ?? null;
}
