import { ExpiringCache } from '#libs/cache/index.js';
import { query, type SurrealSession } from '#libs/stores/surreal/index.js';
import { TEXT_FIELDS, type PassageTable } from './passage-tables.js';

/** How long a count is believed. It only decides which words are worth their time, so that age costs nothing but time. */
const TTL_MS = 10 * 60_000;
/** Words of all Contexts that are remembered; about 100 bytes each. */
const CAPACITY = 50_000;

/**
 * How many rows contain a word, counted by the store up to a limit and remembered for a while. A count costs about a
 * third of scoring the same rows.
 */
export class DocumentFrequencies {
  readonly #counts: ExpiringCache<number>;

  constructor(now: () => number = Date.now) {
    this.#counts = new ExpiringCache(TTL_MS, CAPACITY, now);
  }

  /** @returns for each term the number of rows of that table with a form of it, at most `limit` + 1. */
  async count(
    context: { readonly id: string; readonly session: SurrealSession },
    table: PassageTable,
    terms: readonly string[],
    limit: number,
  ): Promise<Map<string, number>> {
    const key = (term: string): string => `${context.id}\0${table}\0${limit}\0${term}`;
    const unknown = terms.filter((term) => this.#counts.get(key(term)) === undefined);
    const counted = new Map<string, number>();
    if (unknown.length > 0) {
      const statements = unknown.map(
        (_term, n) =>
          `RETURN count((SELECT VALUE id FROM ${table} WHERE ${TEXT_FIELDS[table]} @@ $term${n} LIMIT ${limit + 1}));`,
      );
      const parameters = Object.fromEntries(unknown.map((term, n) => [`term${n}`, term]));
      const counts = await query<number[]>(context.session, statements.join('\n'), parameters);
      for (const [n, term] of unknown.entries()) {
        const rows = counts[n] ?? 0;
        counted.set(term, rows);
        // A word that nothing contains costs nothing to count again, and may stand in the next document.
        if (rows > 0) this.#counts.set(key(term), rows);
      }
    }
    return new Map(terms.map((term) => [term, counted.get(term) ?? this.#counts.get(key(term)) ?? 0]));
  }
}

/**
 * The words of a question that are worth scoring: the rarest first, as long as all rows that they match together stay
 * within `budget`, because time grows with those rows and a word of most passages tells none of them apart. The rarest
 * word that matches anything always stays. Keeps the order of `terms`.
 */
export function affordableTerms(
  terms: readonly string[],
  frequencies: ReadonlyMap<string, number>,
  budget: number,
): string[] {
  const rarestFirst = terms
    .map((term) => ({ term, rows: frequencies.get(term) ?? 0 }))
    .filter(({ rows }) => rows > 0)
    .sort((a, b) => a.rows - b.rows);
  const kept = new Set<string>();
  let spent = 0;
  for (const { term, rows } of rarestFirst) {
    spent += rows;
    if (kept.size > 0 && spent > budget) break;
    kept.add(term);
  }
  return terms.filter((term) => kept.has(term));
}
