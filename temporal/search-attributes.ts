import { defineSearchAttributeKey, TypedSearchAttributes, type SearchAttributePair } from '@temporalio/common';

/** Search attributes of every workflow, as the embedded server registers them; a cluster needs the same ones. */
export const SEARCH_ATTRIBUTES = {
  Generation: 'Int',
  ContextId: 'Keyword',
  OrgId: 'Keyword',
  DomainId: 'Keyword',
  DocumentId: 'Keyword',
} as const;

const generationKey = defineSearchAttributeKey('Generation', 'INT');
const contextKey = defineSearchAttributeKey('ContextId', 'KEYWORD');
const documentKey = defineSearchAttributeKey('DocumentId', 'KEYWORD');

function generationPair(generation: number): SearchAttributePair {
  return { key: generationKey, value: generation };
}

/** What every run carries, so that the Temporal UI can be filtered by generation. */
export function generationAttributes(generation: number): TypedSearchAttributes {
  return new TypedSearchAttributes([generationPair(generation)]);
}

/** What a run about a document carries. */
export function documentAttributes(generation: number, contextId: string, documentId: string): TypedSearchAttributes {
  return new TypedSearchAttributes([
    generationPair(generation),
    { key: contextKey, value: contextId },
    { key: documentKey, value: documentId },
  ]);
}
