import { mkdirSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDataDir, type DataDirLock } from './data-dir-lock.js';
import type { EngineName, ExitInfo, KeptEngine } from './kept-engine.js';
import { endLeftOvers } from './left-overs.js';
import { choosePort, DEFAULT_PORTS, portOf, type PortName } from './ports.js';
import { startPostgres } from './postgres.js';
import { EngineEndedError } from './readiness.js';
import { loadOrCreateSecrets } from './secrets.js';
import { readStackFile } from './stack-file.js';
import { startSurreal } from './surreal-engine.js';
import { startTemporal } from './temporal-server.js';

export interface EnginesOptions {
  /** Created when it is missing; everything the engines keep lies in it. */
  readonly dataDir: string;
  /** A `temporal` binary to start, or the address of a Temporal that runs already. */
  readonly temporal: { readonly binary: string; readonly headless?: boolean } | { readonly address: string };
  readonly host?: string;
  /** Wanted ports; one that is taken gives way to a free one. Without a wish: the last run's, then the default. */
  readonly ports?: Partial<Record<Exclude<PortName, 'api'>, number>>;
  readonly extraTemporalNamespaces?: readonly string[];
  readonly log: (line: string) => void;
  /** Called once for an engine that ends while nobody stopped it. */
  readonly onExit: (name: EngineName, info: ExitInfo) => void;
  /** Folder of the compiled keeper and SurrealDB server, for tests that run the sources. */
  readonly compiledDir?: string;
}

export interface Engines {
  /** The data directory as the engines see it: absolute, without symbolic links. */
  readonly dataDir: string;
  readonly postgres: { readonly url: string; readonly address: string };
  readonly surrealdb: { readonly url: string; readonly user: string; readonly password: string };
  readonly temporal: { readonly address: string; readonly uiUrl: string | null };
  /** Keys the hashes of API keys. */
  readonly keyHashSecret: string;
  readonly kept: readonly KeptEngine[];
  /** Ends all engines (bounded to about 8 s) and gives the data directory free. */
  stop(): Promise<void>;
}

const ATTEMPTS = 3;

/**
 * Starts one engine; when it ends before it is ready (a port taken in the last moment, shared memory of a predecessor that
 * was killed) it is started again, on a port chosen anew.
 */
async function attempt<T>(start: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n += 1) {
    try {
      return await start();
    } catch (error) {
      if (n === ATTEMPTS || !(error instanceof EngineEndedError)) throw error;
      await sleep(300 * n);
    }
  }
}

/**
 * Starts Postgres, SurrealDB and Temporal in parallel, each under its own keeper, after taking the data directory's lock
 * and ending what an earlier run left behind. Resolves when all three are ready.
 *
 * Thrown when a running stack holds the directory (ConflictError) or an engine does not start (SpectraError saying why);
 * what had started by then is ended.
 */
export async function startEngines(options: EnginesOptions): Promise<Engines> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = realpathSync(options.dataDir);
  const lock = lockDataDir(dataDir);
  try {
    await endLeftOvers(dataDir, options.log);
    return await startAll(options, dataDir, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startAll(options: EnginesOptions, dataDir: string, lock: DataDirLock): Promise<Engines> {
  const host = options.host ?? '127.0.0.1';
  const compiled = options.compiledDir === undefined ? {} : { compiledDir: options.compiledDir };
  const secrets = loadOrCreateSecrets(dataDir);
  const last = readStackFile(dataDir)?.addresses;
  const reserved = new Set<number>();
  const port = async (name: Exclude<PortName, 'api'>): Promise<number> => {
    const wanted = options.ports?.[name] ?? portOf(last?.[name]) ?? undefined;
    const chosen = await choosePort([wanted, DEFAULT_PORTS[name]], host, reserved);
    if (chosen !== (wanted ?? DEFAULT_PORTS[name]))
      options.log(`Port ${wanted ?? DEFAULT_PORTS[name]} of ${name} is taken: using ${chosen}.`);
    return chosen;
  };

  const kept: KeptEngine[] = [];
  let phase: 'starting' | 'running' | 'stopping' = 'starting';
  let early: KeptEngine | undefined;
  const watch = <T extends { engine: KeptEngine }>(running: T): T => {
    kept.push(running.engine);
    void running.engine.exited.then((info) => {
      if (phase === 'running') options.onExit(running.engine.name, info);
      else if (phase === 'starting') early ??= running.engine;
    });
    return running;
  };
  const stopAll = async (): Promise<void> => {
    phase = 'stopping';
    // They share nothing but the lock, so all end at once; the application has drained before.
    await Promise.all(kept.map((engine) => engine.stop()));
    lock.release();
  };

  const common = { dataDir, host, ...compiled };
  const started = await Promise.allSettled([
    attempt(async () =>
      startPostgres({ ...common, port: await port('postgres'), password: secrets.postgresPassword, log: options.log }),
    ).then(watch),
    attempt(async () =>
      startSurreal({ ...common, port: await port('surrealdb'), password: secrets.surrealPassword }),
    ).then(watch),
    startTemporalOrUse(options, common, port).then((temporal) => ('engine' in temporal ? watch(temporal) : temporal)),
  ]);
  const failure = started.find((result) => result.status === 'rejected');
  const [postgres, surrealdb, temporal] = started;
  if (failure || postgres.status === 'rejected' || surrealdb.status === 'rejected' || temporal.status === 'rejected') {
    await stopAll();
    throw failure?.reason;
  }
  if (early) {
    const error = new EngineEndedError(early.name, early);
    await stopAll();
    throw error;
  }
  phase = 'running';
  let stopped: Promise<void> | undefined;
  return {
    dataDir,
    postgres: { url: postgres.value.url, address: new URL(postgres.value.url).host },
    surrealdb: { url: surrealdb.value.url, user: surrealdb.value.user, password: surrealdb.value.password },
    temporal: { address: temporal.value.address, uiUrl: temporal.value.uiUrl },
    keyHashSecret: secrets.keyHashSecret,
    kept,
    stop: () => (stopped ??= stopAll()),
  };
}

async function startTemporalOrUse(
  options: EnginesOptions,
  common: { dataDir: string; host: string; compiledDir?: string },
  port: (name: 'temporal' | 'temporalUi') => Promise<number>,
): Promise<{ address: string; uiUrl: string | null } | Awaited<ReturnType<typeof startTemporal>>> {
  const { temporal } = options;
  if ('address' in temporal) return { address: temporal.address, uiUrl: null };
  return attempt(async () =>
    startTemporal({
      ...common,
      binary: temporal.binary,
      port: await port('temporal'),
      uiPort: temporal.headless === true ? null : await port('temporalUi'),
      extraNamespaces: options.extraTemporalNamespaces ?? [],
    }),
  );
}
