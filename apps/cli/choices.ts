import type {
  DOCUMENT_STATUSES as STATUSES,
  MEMORY_QUERY_MODES as MODES,
  TURN_ROLES as ROLES,
} from '#libs/contracts/index.js';

// The values of the contracts once more, held to them by their types: importing the contracts themselves would load
// every schema and the OpenAPI writer, which is most of the start-up time of a command.
export const DOCUMENT_STATUSES: typeof STATUSES = [
  'queued',
  'extracting',
  'chunking',
  'embedding',
  'keywording',
  'extracting_nodes',
  'ready',
  'failed',
];
export const QUERY_MODES: typeof MODES = ['hybrid', 'vector', 'bm25', 'graph'];
export const TURN_ROLES: typeof ROLES = ['user', 'assistant', 'system', 'tool'];
