import { z } from 'zod';

const wiringSchema = z.enum(['wired', 'degraded', 'unwired']);

/** GET /health: the deploy's go / no-go. 503 when the outbox is not wired; whatever is only degraded stays 200. */
export const healthSchema = z
  .object({
    status: z.enum(['ok', 'degraded', 'unavailable']),
    version: z.string(),
    commit_sha: z.string(),
    generation: z.int(),
    environment: z.string(),
    wiring: z.record(z.string(), z.object({ state: wiringSchema, detail: z.string().optional() })),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof healthSchema>;
export type WiringState = z.infer<typeof wiringSchema>;

/** GET /api/v1/health, as the published service answers it. */
export const serviceHealthSchema = z
  .object({
    status: z.enum(['ok', 'error']),
    surrealdb: z.enum(['connected', 'disconnected']),
    object_store: z.enum(['ok', 'error']),
    version: z.string(),
  })
  .meta({ id: 'ServiceHealth' });
export type ServiceHealth = z.infer<typeof serviceHealthSchema>;

export const probeSchema = z.object({ status: z.enum(['ok', 'unavailable']) }).meta({ id: 'Probe' });

export const versionSchema = z
  .object({
    service: z.string(),
    environment: z.string(),
    generation: z.int(),
    commit_sha: z.string(),
    deployed_at: z.string(),
  })
  .meta({ id: 'Version' });
export type Version = z.infer<typeof versionSchema>;
