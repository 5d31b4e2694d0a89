import { z } from 'zod';
import { instantSchema, labelsSchema, memoryCategorySchema, scopeSetsSchema, turnRoleSchema } from './common.js';

export const INFER_MODES = ['full', 'triples', 'preview', 'none'] as const;
const inferSchema = z.enum(INFER_MODES).default('full');

/** Text longer than this is an upload: POST it as a document. */
export const MAX_FACT_TEXT_CHARS = 80_000;
const textSchema = z
  .string()
  .max(MAX_FACT_TEXT_CHARS, `at most ${MAX_FACT_TEXT_CHARS} characters; upload longer text as a document`);
const sessionIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'use 1-128 letters, digits, dots, hyphens and underscores')
  .nullish();

const tripleEntitySchema = z.object({ type: z.string(), name: z.string() });

/** POST /facts. Top-level names are snake_case, as published. */
export const factsRequestSchema = z
  .object({
    text: textSchema.nullish(),
    infer: inferSchema,
    session_id: sessionIdSchema,
    role: turnRoleSchema.nullish(),
    scopes: scopeSetsSchema.optional(),
    labels: labelsSchema.optional(),
    memory_category: memoryCategorySchema.nullish(),
    observed_at: instantSchema.nullish(),
    triples: z
      .array(
        z.object({
          entity: tripleEntitySchema,
          key: z.string(),
          value: z.string().nullish(),
          target: tripleEntitySchema.nullish(),
          memory_category: memoryCategorySchema.nullish(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'FactsRequest' });
export type FactsRequest = z.infer<typeof factsRequestSchema>;

export const factsResponseSchema = z
  .object({
    mode: z.enum(INFER_MODES),
    sessionId: z.string(),
    turnId: z.string().optional(),
    chunkId: z.string().optional(),
    preview: z.boolean().optional(),
    extraction: z.null().optional(),
  })
  .meta({ id: 'FactsResponseJson' });
export type FactsResponse = z.infer<typeof factsResponseSchema>;

export const factsBatchRequestSchema = z
  .object({
    messages: z
      .array(z.object({ role: turnRoleSchema, content: textSchema, ts: instantSchema.nullish() }))
      .min(1, 'send at least one message')
      .max(1000, 'at most 1000 messages a call'),
    extract: z.enum(['whole_conversation', 'per_message']).default('whole_conversation'),
    infer: inferSchema,
    session_id: sessionIdSchema,
    scopes: scopeSetsSchema.optional(),
    labels: labelsSchema.optional(),
  })
  .meta({ id: 'FactsBatchRequest' });
export type FactsBatchRequest = z.infer<typeof factsBatchRequestSchema>;

export const factsBatchResponseSchema = z
  .object({ sessionId: z.string(), turnIds: z.array(z.string()), extractions: z.array(z.never()) })
  .meta({ id: 'FactsBatchResponseJson' });
export type FactsBatchResponse = z.infer<typeof factsBatchResponseSchema>;

export const idempotencyHeaderSchema = z.object({
  'idempotency-key': z.string().min(1).max(255).optional().meta({
    description: 'Opaque. The same key with the same body within 24 h answers what the first call answered.',
  }),
});
