import type { Pool } from 'pg';
import { ContextRegistry, KeyRing } from '#libs/access/index.js';
import type { BuildInfo, LoadedSettings } from '#libs/config/index.js';
import { SpectraError } from '#libs/contracts/index.js';
import { UploadAcceptance } from '#libs/documents/index.js';
import { Notifier } from '#libs/events/index.js';
import { localEmbeddings, openAiEmbeddings, type EmbeddingModel } from '#libs/models/index.js';
import { openObjectStore, type ObjectStore } from '#libs/stores/objects/index.js';
import { createPool } from '#libs/stores/postgres/index.js';
import { SurrealServer } from '#libs/stores/surreal/index.js';
import { Metrics, type Logger } from '#libs/telemetry/index.js';

/** Everything that the roles of one process share: made once from the configuration, closed once. */
export interface Services {
  readonly settings: LoadedSettings;
  readonly build: BuildInfo;
  readonly generation: number;
  readonly deployedAt: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly pool: Pool;
  readonly server: SurrealServer;
  readonly registry: ContextRegistry;
  readonly keys: KeyRing;
  readonly objects: ObjectStore;
  readonly embeddings: EmbeddingModel;
  readonly notifier: Notifier;
  readonly acceptance: UploadAcceptance;
  close(): Promise<void>;
}

export interface ServicesInput {
  readonly settings: LoadedSettings;
  readonly build: BuildInfo;
  readonly generation: number;
  readonly deployedAt: string;
  readonly logger: Logger;
  readonly pool: Pool;
}

/** The value of a setting that this role cannot do without. Thrown when it is missing: names it and how to set it. */
export function required<T>(value: T | undefined, name: string, hint: string): T {
  if (value !== undefined) return value;
  throw new SpectraError({ status: 500, code: 'configuration', message: `${name} is not set. ${hint}` });
}

/** The pool that a role begins with: needed before the services, to learn the generation. */
export function openPool(settings: LoadedSettings, role: string, logger: Logger): Pool {
  return createPool({
    url: required(settings.DATABASE_URL, 'DATABASE_URL', 'Set it to the Postgres of this deployment, postgres://…'),
    max: 16,
    applicationName: `spectrad-${role}`,
    onError: (error) => {
      logger.warn({ err: error }, 'an idle Postgres connection failed');
    },
  });
}

function openEmbeddings(settings: LoadedSettings): EmbeddingModel {
  if (!settings.SPECTRA_EMBEDDINGS_URL) return localEmbeddings();
  return openAiEmbeddings({
    url: settings.SPECTRA_EMBEDDINGS_URL,
    model: settings.SPECTRA_EMBEDDINGS_MODEL ?? '',
    apiKey: settings.SPECTRA_EMBEDDINGS_API_KEY,
    dimensions: settings.SPECTRA_EMBEDDINGS_DIMENSIONS ?? 0,
  });
}

/** Opens every store of the configuration. Nothing is sent to any of them yet, except by `registry.initialise()`. */
export function openServices(input: ServicesInput): Services {
  const { settings, logger, pool, generation } = input;
  const surreal = required(
    settings.SURREALDB_CONNECTION,
    'SURREALDB_CONNECTION',
    'Write ws://host:port;user;password.',
  );
  const controlNamespace = settings.SPECTRA_SURREALDB_NAMESPACE;
  const server = new SurrealServer({
    url: surreal.endpoint,
    user: surreal.user,
    password: surreal.password,
    controlNamespace,
  });
  const embeddings = openEmbeddings(settings);
  const registry = new ContextRegistry({
    server,
    controlNamespace,
    embedding: { model: embeddings.id, dimensions: embeddings.dimensions },
  });
  const serverSecret = required(
    settings.SPECTRA_KEY_HASH_SECRET,
    'SPECTRA_KEY_HASH_SECRET',
    'Set the same random text of at least 32 characters for every process of this deployment.',
  );
  const objects = openObjectStore(
    required(settings.SPECTRA_OBJECT_STORE_URL, 'SPECTRA_OBJECT_STORE_URL', 'Set it to file:///absolute/path.'),
  );
  const notifier = new Notifier({ pool, logger });
  return {
    ...input,
    server,
    registry,
    objects,
    embeddings,
    notifier,
    keys: new KeyRing({ server, registry, serverSecret }),
    acceptance: new UploadAcceptance({
      pool,
      notifier,
      objects,
      generation,
      maxBytes: settings.SPECTRA_MAX_UPLOAD_BYTES,
      logger,
    }),
    metrics: new Metrics({ generation: String(generation) }),
    close: async () => {
      await notifier.stop();
      await server.close();
      await pool.end();
    },
  };
}
