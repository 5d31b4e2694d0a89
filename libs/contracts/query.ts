import { z } from 'zod';
import { instantSchema, labelsSchema, recordIdSchema, scopeSetsSchema } from './common.js';
import { explainSchema } from './explain.js';

const lowerCase = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);
const questionSchema = z.string().trim().min(1, 'ask something').max(8000);

/** Larger values are clamped to the configured ceiling (SPECTRA_MAX_QUERY_K), as the published service does now. */
const kSchema = z.int().min(1).max(1_000_000).default(10);

export const geoFilterSchema = z.object({
  near: z
    .object({ lat: z.number().min(-90).max(90), lng: z.number().min(-180).max(180), radiusKm: z.number().positive() })
    .nullish(),
  within: z.string().nullish(),
});

export const MEMORY_QUERY_MODES = ['hybrid', 'vector', 'bm25', 'graph'] as const;
export const queryMemoryRequestSchema = z
  .object({
    query: questionSchema,
    k: kSchema,
    mode: z.preprocess(lowerCase, z.enum(MEMORY_QUERY_MODES).nullish()),
    include: z.array(z.enum(['facts', 'passages'])).nullish(),
    lens: scopeSetsSchema.optional(),
    labels: labelsSchema.optional(),
    scopeView: z.string().nullish(),
    sessionId: z.string().nullish(),
    asOf: instantSchema.nullish(),
    atInstant: instantSchema.nullish(),
    validFrom: instantSchema.nullish(),
    validUntil: instantSchema.nullish(),
    location: geoFilterSchema.nullish(),
    includeDuplicates: z.boolean().nullish(),
    source: z.string().max(256).nullish(),
    explain: z.boolean().default(false).meta({ description: 'Adds to every hit why it stands where it stands.' }),
  })
  .meta({ id: 'QueryMemoryRequestJson' });
export type QueryMemoryRequest = z.infer<typeof queryMemoryRequestSchema>;

export const TIERS = ['direct', 'cache', 'hybrid', 'escalated'] as const;
export const tierSchema = z.enum(TIERS);

export const memoryHitSchema = z
  .object({
    id: z.string(),
    text: z.string(),
    source: z.enum(['attribute', 'entity', 'chunk', 'memory_chunk', 'section', 'action', 'turn']),
    score: z.number(),
    occurredAt: instantSchema.nullish(),
    resource: z
      .union([
        z.object({ kind: z.literal('document'), documentId: recordIdSchema, position: z.int() }),
        z.object({ kind: z.literal('session'), sessionId: z.string(), turnId: z.string().nullish() }),
      ])
      .optional(),
    title: z.string().nullish(),
    section: z.string().nullish(),
    page: z.int().nullish(),
    explain: explainSchema.optional(),
  })
  .meta({ id: 'MemoryHitJson' });
export type MemoryHit = z.infer<typeof memoryHitSchema>;

export const queryMemoryResponseSchema = z
  .object({
    tier: tierSchema,
    hits: z.array(memoryHitSchema),
    queryMs: z.int(),
    trace: z.object({
      traceId: z.string(),
      resolutionTier: tierSchema,
      tierReason: z.string(),
      latencyMs: z.int(),
      retrievedCount: z.int(),
      topScores: z.array(z.number()),
    }),
    classificationKind: z.enum(['direct_lookup', 'hybrid', 'full_context']),
    seedEntities: z.array(z.string()),
    contextHits: z.array(memoryHitSchema),
  })
  .meta({ id: 'QueryMemoryResponseJson' });
export type QueryMemoryResponse = z.infer<typeof queryMemoryResponseSchema>;

export const DOCUMENT_QUERY_MODES = ['hybrid', 'vector', 'bm25', 'hybrid_graph'] as const;
export const queryDocumentsRequestSchema = z
  .object({
    query: questionSchema,
    k: kSchema,
    mode: z.preprocess(lowerCase, z.enum(DOCUMENT_QUERY_MODES).nullish()),
    threshold: z.number().min(0).max(1).nullish(),
    vectorWeight: z.number().min(0).max(1).nullish(),
    rrfK: z.number().positive().nullish(),
    graphAlpha: z.number().nullish(),
    graphDepth: z.int().nullish(),
    graphEdges: z
      .array(z.enum(['knowledge_has_keyword', 'section_match', 'document_link', 'document_summary']))
      .nullish(),
    expandGraph: z.boolean().nullish(),
    useHyde: z.boolean().nullish(),
    decomposeQuery: z.boolean().nullish(),
    useReranker: z.boolean().nullish(),
    filter: z
      .object({
        documentIds: z.array(recordIdSchema).max(1000).nullish(),
        mimeType: z.array(z.string()).max(50).nullish(),
      })
      .nullish(),
    location: geoFilterSchema.nullish(),
    lens: scopeSetsSchema.optional(),
    explain: z.boolean().default(false),
  })
  .meta({ id: 'QueryRequestJson' });
export type QueryDocumentsRequest = z.infer<typeof queryDocumentsRequestSchema>;

export const documentHitSchema = z
  .object({
    chunk: z.object({
      id: recordIdSchema,
      document: recordIdSchema,
      text: z.string(),
      position: z.int(),
      section: z.string().nullable(),
      page: z.int().nullable(),
      charStart: z.int(),
      charEnd: z.int(),
    }),
    document: z.object({ id: recordIdSchema, title: z.string(), source: z.string() }),
    score: z.number(),
    explain: explainSchema.optional(),
  })
  .meta({ id: 'QueryHitJson' });
export type DocumentHit = z.infer<typeof documentHitSchema>;

export const queryDocumentsResponseSchema = z
  .object({ results: z.array(documentHitSchema), queryMs: z.int() })
  .meta({ id: 'QueryResponseJson' });
export type QueryDocumentsResponse = z.infer<typeof queryDocumentsResponseSchema>;
