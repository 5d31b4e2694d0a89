import { StringRecordId } from 'surrealdb';
import { query, type SurrealSession } from '#libs/stores/surreal/index.js';

/** A row that was found, with what an answer shows of it. */
export interface Passage {
  readonly record: string;
  readonly id: string;
  readonly text: string;
  readonly position: number;
  readonly charStart: number;
  readonly charEnd: number;
  /** Set for passages of documents. */
  readonly document: { readonly id: string; readonly title: string; readonly source: string } | null;
  readonly section: string | null;
  readonly page: number | null;
  /** Set for passages of conversations. */
  readonly sessionId: string | null;
  readonly turnId: string | null;
  /** The place of the turn in its session, from 0. */
  readonly turnSeq: number | null;
  readonly occurredAt: string | null;
}

/** What is read of a row, of either table. */
export const PASSAGE_COLUMNS = `type::string(id) AS record, record::id(id) AS id, text, position, char_start AS charStart, char_end AS charEnd,
  IF document { { id: record::id(document), title: document.title, source: document.source } } ELSE { NULL } AS document,
  section ?? NULL AS section, page ?? NULL AS page,
  IF session { record::id(session) } ELSE { NULL } AS sessionId, IF turn { record::id(turn) } ELSE { NULL } AS turnId,
  turn_seq ?? NULL AS turnSeq, observed_at ?? (IF session { created_at } ELSE { NULL }) AS occurredAt`;

/** Loads rows by record id, in no particular order; one deleted meanwhile is missing. */
export async function loadPassages(session: SurrealSession, ids: readonly string[]): Promise<Map<string, Passage>> {
  if (ids.length === 0) return new Map();
  const [rows] = await query<[Passage[]]>(session, `SELECT ${PASSAGE_COLUMNS} FROM $ids;`, {
    ids: ids.map((id) => new StringRecordId(id)),
  });
  return new Map(rows.map((row) => [row.record, row]));
}

/** The text that full-text search sees of each row, by record id. */
export async function loadSearchTexts(session: SurrealSession, ids: readonly string[]): Promise<Map<string, string>> {
  const [rows] = await query<[{ record: string; text: string }[]]>(
    session,
    'SELECT type::string(id) AS record, search_text ?? text AS text FROM $ids;',
    { ids: ids.map((id) => new StringRecordId(id)) },
  );
  return new Map(rows.map((row) => [row.record, row.text]));
}
