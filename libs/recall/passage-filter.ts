import { RecordId } from 'surrealdb';
import type { PassageTable } from './passage-tables.js';

/** Which passages may answer. */
export interface PassageFilter {
  readonly documentIds?: readonly string[] | null;
  readonly mimeTypes?: readonly string[] | null;
  readonly labels?: readonly string[] | null;
}

/** The conditions as they stand in every search, never applied to its result: a limit would cut off what may answer. */
export function filterConditions(table: PassageTable, filter: PassageFilter): string {
  const parts: string[] = [];
  if (filter.labels?.length) parts.push('labels CONTAINSALL $labels');
  if (table === 'knowledge_chunk') {
    if (filter.documentIds?.length) parts.push('document IN $documents');
    if (filter.mimeTypes?.length) parts.push('document.mime_type IN $mimeTypes');
  }
  return parts.map((part) => ` AND ${part}`).join('');
}

/** What the conditions refer to. */
export function filterParameters(filter: PassageFilter): Record<string, unknown> {
  return {
    labels: filter.labels ?? [],
    documents: (filter.documentIds ?? []).map((id) => new RecordId('document', id)),
    mimeTypes: filter.mimeTypes ?? [],
  };
}
