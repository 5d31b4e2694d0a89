import { z } from 'zod';
import { contextIdSchema, instantSchema, recordIdSchema } from './common.js';

/** Emitted when an upload was accepted: the commit of this event is the promise to process the document. */
export const documentAcceptedSchema = z.object({
  contextId: contextIdSchema,
  documentId: recordIdSchema,
  version: z.int().min(1),
  storageKey: z.string(),
  contentHash: z.string(),
  mimeType: z.string(),
  /** The encoding that the sender declared for text; rows of before it was kept have none. */
  charset: z.string().nullish(),
  sizeBytes: z.int().min(0),
  title: z.string(),
  /** Whether a sender chose the title; a document's own counts for more otherwise. Rows of before it was kept have none. */
  titleGiven: z.boolean().optional(),
  source: z.string(),
  labels: z.array(z.string()),
  observedAt: instantSchema.nullable(),
  acceptedAt: instantSchema,
});
export type DocumentAccepted = z.infer<typeof documentAcceptedSchema>;

/** Every event type with the version and payload that this code writes. A reader must accept every version still in the table. */
export const EVENTS = {
  'document.accepted': { version: 1, source: 'documents', contentClass: 'PLATFORM', payload: documentAcceptedSchema },
} as const satisfies Record<
  string,
  { version: number; source: string; contentClass: ContentClass; payload: z.ZodType }
>;

export type ContentClass = 'WORLDS' | 'OPERATIONS' | 'PLATFORM' | 'SYNTHETIC';
export type EventType = keyof typeof EVENTS;
export type EventPayload<T extends EventType> = z.infer<(typeof EVENTS)[T]['payload']>;
