import { loadSettings, type Flags } from '#libs/config/index.js';
import { allocateGeneration } from '#libs/generations/index.js';
import { createLogger } from '#libs/telemetry/index.js';
import { openPool } from '../services.js';

export interface AllocateOptions {
  readonly reference: string;
  readonly tag: string | null;
  readonly deployedBy: string;
}

/** `spectrad generations allocate`: prints the number, and nothing else, for a deploy script to use. */
export async function allocate(env: NodeJS.ProcessEnv, flags: Flags, options: AllocateOptions): Promise<void> {
  const settings = loadSettings(env, flags);
  const pool = openPool(settings, 'generations', createLogger({ level: 'silent', role: 'generations' }));
  try {
    process.stdout.write(`${await allocateGeneration(pool, options)}\n`);
  } finally {
    await pool.end();
  }
}
