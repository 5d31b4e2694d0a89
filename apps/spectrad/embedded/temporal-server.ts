import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../../temporal/search-attributes.js';
import { deathSignalPrefix } from './death-signal.js';
import { keepEngine, type KeptEngine } from './kept-engine.js';
import { untilReady } from './readiness.js';

export interface TemporalServerOptions {
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  /** null starts the server without its UI. */
  readonly uiPort: number | null;
  /** Path of the `temporal` binary, from findTemporalServer. */
  readonly binary: string;
  /** Namespaces beside `default`. */
  readonly extraNamespaces?: readonly string[];
  readonly compiledDir?: string;
}

export interface RunningTemporal {
  readonly engine: KeptEngine;
  readonly address: string;
  readonly uiUrl: string | null;
}

const STOP_STEPS = [{ signal: 'SIGTERM', waitMs: 4000 }] as const;

/**
 * The dev server runs one shard and few partitions; its poll limits are those of a big cluster's shard (20 a second), which
 * costs every step 50 ms once the burst is used up. Measured: a step falls from 50 to 10 ms.
 */
const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/** With these a file is as fast as memory, and kill -9 loses nothing; a power cut may lose the last moments. */
const SQLITE_PRAGMAS = ['journal_mode=wal', 'synchronous=off'];

const each = (flag: string, values: readonly string[]): string[] => values.flatMap((value) => [flag, value]);

async function probe(address: string, namespaces: readonly string[]): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' });
  try {
    for (const namespace of namespaces) {
      await connection.withDeadline(Date.now() + 2000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
    }
  } finally {
    await connection.close();
  }
}

/**
 * Starts a Temporal dev server on a file in the data directory, with Spectra's search attributes. Resolves when every
 * namespace answers.
 *
 * Thrown when it does not start: SpectraError with the reason, EngineEndedError when another attempt may succeed.
 */
export async function startTemporal(options: TemporalServerOptions): Promise<RunningTemporal> {
  const folder = join(options.dataDir, 'temporal');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const namespaces = ['default', ...(options.extraNamespaces ?? [])];
  const server = [
    ...[options.binary, 'server', 'start-dev', '--ip', options.host, '--port', String(options.port)],
    ...(options.uiPort === null ? ['--headless'] : ['--ui-ip', options.host, '--ui-port', String(options.uiPort)]),
    // Relative: the server makes a URI of it, so a `%` or `#` in an absolute path would name another file.
    ...['--db-filename', 'temporal.db', '--log-level', 'warn'],
    // Never there: the CLI settings of the person who starts Spectra, or an unreadable home, must not matter.
    ...['--env-file', join(folder, 'no-environment.yaml')],
    ...each('--sqlite-pragma', SQLITE_PRAGMAS),
    ...each('--namespace', namespaces),
    ...each(
      '--search-attribute',
      Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `${name}=${type}`),
    ),
    ...each('--dynamic-config-value', DYNAMIC_CONFIG),
  ];
  const [command = '', ...args] = [...(await deathSignalPrefix('KILL')), ...server];
  const address = `${options.host}:${options.port}`;
  const engine = await keepEngine({
    name: 'temporal',
    dataDir: options.dataDir,
    cwd: folder,
    command,
    args,
    address,
    stopSteps: STOP_STEPS,
    ...(options.compiledDir === undefined ? {} : { compiledDir: options.compiledDir }),
  });
  try {
    await untilReady('Temporal', engine, 60_000, async () => {
      // Printed once it listens. Another stack's server on the same port would answer the probe as well.
      if (!/^(Temporal )?Server:/m.test(engine.logged())) throw new Error('Temporal does not listen yet.');
      await probe(address, namespaces);
    });
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return { engine, address, uiUrl: options.uiPort === null ? null : `http://${options.host}:${options.uiPort}` };
}
