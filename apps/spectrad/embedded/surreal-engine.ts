import { join } from 'node:path';
import { deathSignalPrefix } from './death-signal.js';
import { compiledFile, keepEngine, type KeptEngine } from './kept-engine.js';
import { untilReady } from './readiness.js';
import { ROOT_USER } from './surreal/root-user.js';
import { LISTENING, type SurrealServerSpec } from './surreal-server-spec.js';

export interface SurrealOptions {
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly compiledDir?: string;
}

export interface RunningSurreal {
  readonly engine: KeptEngine;
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

const STOP_STEPS = [{ signal: 'SIGTERM', waitMs: 5000 }] as const;

/**
 * Starts the embedded SurrealDB (surreal-server.ts) on `rocksdb://<dataDir>/surrealdb`. Resolves when it listens; by then
 * its root user fits the password.
 *
 * Thrown when it does not start: SpectraError with the reason, EngineEndedError when another attempt may succeed.
 */
export async function startSurreal(options: SurrealOptions): Promise<RunningSurreal> {
  const store = join(options.dataDir, 'surrealdb');
  const spec: SurrealServerSpec = {
    host: options.host,
    port: options.port,
    store: `rocksdb://${store}`,
    rootPassword: options.password,
  };
  // The folder stands in the command line for people and for the search for left-overs; the password goes over stdin.
  const server = [process.execPath, compiledFile('surreal-server.js', options.compiledDir), store];
  const [command = '', ...args] = [...(await deathSignalPrefix('KILL')), ...server];
  const address = `${options.host}:${options.port}`;
  const engine = await keepEngine({
    name: 'surrealdb',
    dataDir: options.dataDir,
    command,
    args,
    input: JSON.stringify(spec),
    address,
    stopSteps: STOP_STEPS,
    ...(options.compiledDir === undefined ? {} : { compiledDir: options.compiledDir }),
  });
  try {
    // Its own word and not the port's: another stack may have been faster to bind it, and would answer as well.
    await untilReady('SurrealDB', engine, 30_000, () => {
      if (!engine.logged().includes(LISTENING)) throw new Error('SurrealDB does not listen yet.');
      return Promise.resolve();
    });
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return { engine, url: `ws://${address}`, user: ROOT_USER, password: options.password };
}
