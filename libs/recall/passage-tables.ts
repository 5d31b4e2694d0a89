/** Where passages live: those of documents, and those of conversations. */
export const PASSAGE_TABLES = ['knowledge_chunk', 'memory_chunk'] as const;
export type PassageTable = (typeof PASSAGE_TABLES)[number];

/** The field that full-text search looks at. */
export const TEXT_FIELDS: Readonly<Record<PassageTable, string>> = {
  knowledge_chunk: 'search_text',
  memory_chunk: 'text',
};

/** The table with the vector of each passage, under the same key. */
export const VECTOR_TABLES: Readonly<Record<PassageTable, string>> = {
  knowledge_chunk: 'knowledge_vector',
  memory_chunk: 'memory_vector',
};
