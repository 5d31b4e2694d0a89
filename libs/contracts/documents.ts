import { z } from 'zod';
import { instantSchema, labelsSchema, pageQuerySchema, recordIdSchema, scopeSetsSchema } from './common.js';

export const DOCUMENT_STATUSES = [
  'queued',
  'extracting',
  'chunking',
  'embedding',
  'keywording',
  'extracting_nodes',
  'ready',
  'failed',
] as const;
export const documentStatusSchema = z.enum(DOCUMENT_STATUSES).meta({ id: 'DocumentStatus' });
export type DocumentStatus = z.infer<typeof documentStatusSchema>;

/** The `metadata` part of an upload; it precedes the `file` part and is left out when empty. */
export const uploadMetadataSchema = z
  .object({
    title: z.string().trim().min(1).max(1000).nullish(),
    source: z.string().max(2000).nullish(),
    mimeType: z
      .string()
      .max(255)
      .nullish()
      .meta({
        description:
          'Media type of the file, before that of the `file` part. Text that is not UTF-8 can name its encoding here ' +
          '(`text/plain; charset=windows-1251`); a `charset` on the part itself is not looked at. Undeclared encodings ' +
          'are told by the content.',
        example: 'text/plain; charset=windows-1251',
      }),
    filename: z.string().max(1000).nullish(),
    scopes: scopeSetsSchema.optional(),
    labels: labelsSchema.optional(),
    observedAt: instantSchema.nullish(),
  })
  .meta({ id: 'UploadMetadataJson' });
export type UploadMetadata = z.infer<typeof uploadMetadataSchema>;

export const uploadResponseSchema = z
  .object({
    id: recordIdSchema,
    status: documentStatusSchema,
    contentHash: z.string().meta({ example: 'blake3:9f2c…' }),
    deduplicated: z.boolean(),
  })
  .meta({ id: 'UploadResponse' });
export type UploadResponse = z.infer<typeof uploadResponseSchema>;

export const documentSchema = z
  .object({
    id: recordIdSchema,
    title: z.string(),
    source: z.string(),
    mimeType: z.string(),
    sizeBytes: z.int(),
    contentHash: z.string(),
    status: documentStatusSchema,
    error: z.string().nullable(),
    version: z.int(),
    labels: z.array(z.string()),
    chunkCount: z.int().nullable(),
    pageCount: z.int().nullable(),
    observedAt: instantSchema.nullable(),
    createdAt: instantSchema,
    updatedAt: instantSchema,
    processingStartedAt: instantSchema.nullable(),
    processingCompletedAt: instantSchema.nullable(),
  })
  .meta({ id: 'DocumentJson' });
export type Document = z.infer<typeof documentSchema>;

export const listDocumentsQuerySchema = pageQuerySchema.extend({
  status: z
    .string()
    .transform((value) => value.toLowerCase())
    .pipe(documentStatusSchema)
    .optional(),
  mimeType: z.string().optional(),
});
export type ListDocumentsQuery = z.infer<typeof listDocumentsQuerySchema>;

export const documentPageSchema = z
  .object({ documents: z.array(documentSchema), page: z.int(), pageSize: z.int(), total: z.int() })
  .meta({ id: 'DocumentPageJson' });
export type DocumentPage = z.infer<typeof documentPageSchema>;

/** `charStart`/`charEnd` are offsets (UTF-16 units) into the document's extracted text; `text` is exactly that slice. */
export const chunkSchema = z
  .object({
    id: recordIdSchema,
    document: recordIdSchema,
    text: z.string(),
    position: z.int(),
    section: z.string().nullable().meta({ description: 'Heading path, outermost first, joined by " > ".' }),
    page: z
      .int()
      .nullable()
      .meta({ description: '1-based page on which the chunk begins, where the format has pages.' }),
    charStart: z.int(),
    charEnd: z.int(),
    tokenCount: z.int().nullable(),
  })
  .meta({ id: 'ChunkJson' });
export type Chunk = z.infer<typeof chunkSchema>;

export const chunkPageSchema = z
  .object({ chunks: z.array(chunkSchema), page: z.int(), pageSize: z.int(), total: z.int() })
  .meta({ id: 'ChunkPageJson' });
export type ChunkPage = z.infer<typeof chunkPageSchema>;
