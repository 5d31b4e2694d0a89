import { z } from 'zod';

/** Lower-case letters, digits and hyphens; must not begin or end with a hyphen. Also names the Context's database. */
export const CONTEXT_ID_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Words that are routes of their own under /api/v1 and so cannot name a Context. */
export const RESERVED_CONTEXT_IDS: ReadonlySet<string> = new Set(['contexts', 'health', 'migrations', 'verbs']);

export const contextIdSchema = z
  .string()
  .regex(CONTEXT_ID_PATTERN, 'use 1-63 lower-case letters, digits and hyphens, not beginning or ending with a hyphen')
  .meta({ id: 'ContextId', example: 'demo' });

/** Ids that this service makes: 26 characters, sortable by time (see `newId` in libs/contracts/ids.ts). */
export const RECORD_ID_PATTERN = /^[0-9a-z]{26}$/;
export const recordIdSchema = z
  .string()
  .regex(RECORD_ID_PATTERN, 'is not an id of this service')
  .meta({ id: 'RecordId' });

export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const nameSchema = z
  .string()
  .regex(NAME_PATTERN, 'use 1-64 letters, digits, dots, hyphens and underscores, beginning with a letter or digit');

/** RFC 3339 instant, any offset. */
export const instantSchema = z.iso.datetime({ offset: true });

/** Outer array: any of; inner array: all of these scope paths. A bare string or a flat array of strings is widened. */
export const scopeSetsSchema = z
  .union([z.string(), z.array(z.union([z.string(), z.array(z.string())]))])
  .transform((value): string[][] =>
    typeof value === 'string' ? [[value]] : value.map((clause) => (typeof clause === 'string' ? [clause] : clause)),
  )
  .meta({ id: 'ScopeSets', description: 'DNF over slash paths: outer array = OR, inner array = AND.' });

export const labelSchema = z
  .string()
  .max(256)
  .regex(/^[^_=][^=]*=.*$/s, 'write labels as key=value; the key must not begin with "_"');
export const labelsSchema = z.array(labelSchema).max(16, 'at most 16 labels');

export const grantsSchema = z
  .record(z.string(), z.array(z.string()))
  .meta({ id: 'Grants', description: 'Verb -> scope patterns.' });

/** Zero-based pages, as the published service has them. */
export const pageQuerySchema = z.object({
  page: z.coerce.number().int().min(0).max(1_000_000).default(0),
  pageSize: z.coerce.number().int().min(1).max(100).default(50),
});

export const TURN_ROLES = ['user', 'assistant', 'system', 'tool'] as const;
export const turnRoleSchema = z.enum(TURN_ROLES);
export const MEMORY_CATEGORIES = ['identity', 'knowledge', 'context'] as const;
export const memoryCategorySchema = z.enum(MEMORY_CATEGORIES);

/** The seven grant verbs of the published service. */
export const VERBS = [
  'memory:read',
  'memory:write',
  'memory:forget',
  'scope:read',
  'scope:create',
  'scope:delete',
  'grant:manage',
] as const;
export type Verb = (typeof VERBS)[number];
