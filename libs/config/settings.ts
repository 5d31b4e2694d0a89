import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CONTEXT_ID_PATTERN, RECALL_SIGNALS } from '#libs/contracts/index.js';
import { z } from 'zod';

const MEGABYTE = 1024 * 1024;
const milliseconds = (fallback: number) => z.coerce.number().int().min(1).max(86_400_000).default(fallback);
const count = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback);
const url = (protocols: readonly string[]) =>
  z.string().refine((value) => protocols.some((protocol) => value.startsWith(`${protocol}:`)), {
    message: `must begin with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
  });

/** `host:port`, `[v6]:port` or a bare port. */
const bindAddress = z.string().transform((value, context) => {
  const match = /^(?:(\[[0-9a-fA-F:]+\]|[^:]*):)?(\d{1,5})$/.exec(value);
  const port = Number(match?.[2]);
  if (!match || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'write host:port, for example 127.0.0.1:9090' });
    return z.NEVER;
  }
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, '') || '127.0.0.1', port };
});

/** The published form `endpoint;user;pass`. */
const connectionString = z.string().transform((value, context) => {
  const [endpoint, user, ...password] = value.split(';');
  if (!endpoint || !/^wss?:\/\//.test(endpoint) || !user || password.length === 0) {
    context.addIssue({ code: 'custom', message: 'write ws://host:port;user;password (or wss://)' });
    return z.NEVER;
  }
  return { endpoint, user, password: password.join(';') };
});

/** `signal=weight`, separated by commas: what replaces the weights of libs/recall/weights.ts; 0 leaves a signal out. */
const recallWeights = z
  .string()
  .default('')
  .transform((value) =>
    Object.fromEntries(
      value.split(',').flatMap((part) => {
        const [signal = '', weight = ''] = part.split('=').map((side) => side.trim());
        return part.trim() === '' ? [] : [[signal, weight === '' ? NaN : Number(weight)]];
      }),
    ),
  )
  .pipe(
    z.partialRecord(z.enum(RECALL_SIGNALS), z.number().min(0).max(10), {
      error: `write signal=weight, separated by commas; signals: ${RECALL_SIGNALS.join(', ')}`,
    }),
  );

/**
 * Every setting, by its environment name. `SPECTRON_*` is accepted for each `SPECTRA_*`, and the aliases below.
 * This table is the one place that knows names, types, bounds and defaults.
 */
export const settingsSchema = z.object({
  SPECTRA_ENVIRONMENT: z.string().min(1).default('development'),
  SPECTRA_DATA_DIR: z
    .string()
    .default('.spectra')
    .transform((value) => resolve(value)),
  SPECTRA_CACHE_DIR: z.string().optional(),
  SPECTRA_BIND_ADDRESS: bindAddress.optional(),
  SPECTRA_GENERATION: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  SPECTRA_CONTEXT_ID: z
    .string()
    .regex(CONTEXT_ID_PATTERN, 'use lower-case letters, digits and hyphens')
    .default('demo'),
  SPECTRA_MANAGEMENT_API_KEY: z.string().optional(),
  SPECTRA_API_KEY: z.string().optional(),
  SPECTRA_KEY_HASH_SECRET: z.string().min(32, 'use at least 32 characters').optional(),
  SPECTRA_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  SPECTRA_FAULTS: z.string().default(''),
  DATABASE_URL: url(['postgres', 'postgresql']).optional(),
  SURREALDB_CONNECTION: connectionString.optional(),
  SPECTRA_SURREALDB_NAMESPACE: z.string().min(1).default('spectron'),
  SPECTRA_OBJECT_STORE_URL: url(['file']).optional(),
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_API_KEY: z.string().optional(),
  TEMPORAL_TLS: z.stringbool().default(false),
  SPECTRA_EMBEDDINGS_URL: url(['http', 'https']).optional(),
  SPECTRA_EMBEDDINGS_MODEL: z.string().optional(),
  SPECTRA_EMBEDDINGS_API_KEY: z.string().optional(),
  SPECTRA_EMBEDDINGS_DIMENSIONS: z.coerce.number().int().min(1).max(8192).optional(),
  SPECTRA_MAX_UPLOAD_BYTES: count(50 * MEGABYTE, 10_000 * MEGABYTE),
  SPECTRA_MAX_IN_FLIGHT: count(512, 100_000),
  SPECTRA_MAX_QUERY_K: count(50, 1000),
  SPECTRA_RETRIEVAL_POOL_SIZE: count(256, 10_000),
  SPECTRA_RETRIEVAL_VECTOR_POOL_SIZE: count(32, 10_000),
  SPECTRA_RETRIEVAL_SCORED_ROWS: count(300, 1_000_000),
  SPECTRA_RECALL_WEIGHTS: recallWeights,
  SPECTRA_WORKER_CONCURRENCY: count(16, 256),
  // Two at least: while one reads for minutes, the other serves the small documents.
  SPECTRA_EXTRACTION_THREADS: count(Math.min(4, Math.max(2, availableParallelism() - 1)), 64),
  SPECTRA_EXTRACTION_MEMORY_MB: count(1024, 1_000_000),
  SPECTRA_EXTRACTION_DEADLINE_MS: milliseconds(300_000),
  SPECTRA_HANDLER_MAX_MS: milliseconds(20_000),
  SPECTRA_SHUTDOWN_GRACE_MS: milliseconds(30_000),
  SPECTRA_CLAIM_TTL_MS: milliseconds(60_000),
  SPECTRA_REAPER_INTERVAL_MS: milliseconds(15_000),
  SPECTRA_POLL_HEALTHY_MS: milliseconds(5_000),
  SPECTRA_POLL_DEGRADED_MS: milliseconds(1_000),
  SPECTRA_LISTEN_SELF_TEST_MS: milliseconds(3_000),
  SPECTRA_RECONNECT_BUDGET_MS: milliseconds(600_000),
  SPECTRA_HEARTBEAT_MS: milliseconds(30_000),
});
export type Settings = z.infer<typeof settingsSchema>;
export type SettingName = keyof Settings;

/** Other names of a setting, besides SPECTRON_* for SPECTRA_*. Two that differ are refused. */
export const ALIASES: Readonly<Partial<Record<SettingName, readonly string[]>>> = {
  SPECTRA_GENERATION: ['SPECTRAL_GENERATION'],
  SPECTRA_BIND_ADDRESS: ['SPECTRON_BIND'],
  SURREALDB_CONNECTION: ['SPECTRA_CONNECTION_STRING'],
};

/** Where downloads and builds that outlive a checkout are kept. */
export function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'spectra');
}
