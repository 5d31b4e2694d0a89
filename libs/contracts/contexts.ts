import { z } from 'zod';
import { contextIdSchema, grantsSchema, instantSchema, nameSchema } from './common.js';

/** Namespaces and databases of SurrealDB that a Context may be bound to. */
const storeNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'use 1-63 lower-case letters, digits, "-" and "_"');

export const contextConfigSchema = z.record(z.string(), z.unknown());

/** POST /contexts/{context_id} */
export const createContextRequestSchema = z
  .object({
    namespace: storeNameSchema,
    database: storeNameSchema,
    config: contextConfigSchema.optional(),
    description: z.string().max(2000).optional(),
    admin_external_id: z.string().max(256).optional(),
    admin_display_name: z.string().max(256).optional(),
  })
  .meta({ id: 'CreateContextRequest' });
export type CreateContextRequest = z.infer<typeof createContextRequestSchema>;

export const contextSchema = z
  .object({
    id: contextIdSchema,
    namespace: z.string(),
    database: z.string(),
    description: z.string().nullable(),
    config: contextConfigSchema,
    embedding: z.object({ model: z.string(), dimensions: z.int() }),
    created_at: instantSchema,
  })
  .meta({ id: 'Context' });
export type Context = z.infer<typeof contextSchema>;

export const contextListSchema = z.object({ contexts: z.array(contextSchema) }).meta({ id: 'ContextList' });

export const mintKeyRequestSchema = z
  .object({ name: nameSchema.optional(), grants: grantsSchema.nullish() })
  .meta({ id: 'MintKeyBody' });
export const ttlQuerySchema = z.object({ ttlSeconds: z.coerce.number().int().min(1).max(3_155_760_000).optional() });

export const mintedKeySchema = z
  .object({
    key: z.string().meta({ description: 'The secret. Shown here once and never again.' }),
    id: z.string(),
    validUntil: instantSchema.nullable(),
  })
  .meta({ id: 'MintedKeyJson' });
export type MintedKey = z.infer<typeof mintedKeySchema>;

export const keyDetailSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    principalId: z.string(),
    createdAt: instantSchema,
    lastUsedAt: instantSchema.nullable(),
    validUntil: instantSchema.nullable(),
    grants: grantsSchema.nullable(),
  })
  .meta({ id: 'KeyDetailJson' });
export type KeyDetail = z.infer<typeof keyDetailSchema>;
