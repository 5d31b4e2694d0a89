import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonFile } from './json-file.js';
import type { EngineRecord } from './keeper-protocol.js';
import { commandLine, endProcess, isRunning, waitForEnd, type ProcessIdentity } from './process-identity.js';

const recordSchema: z.ZodType<EngineRecord> = z.object({
  enginePid: z.int().positive(),
  engineStartTime: z.number().nullable(),
  keeperPid: z.int().positive(),
  keeperStartTime: z.number().nullable(),
  address: z.string(),
});

/** A keeper whose stack is gone is already ending its engine; this is how long that may take. */
const KEEPER_MS = 8000;

/** Running under its recorded pid and start time, and about this data directory: a reused pid is never touched. */
function isOurs(recorded: ProcessIdentity, dataDir: string): boolean {
  return isRunning(recorded) && commandLine(recorded.pid).includes(dataDir);
}

/**
 * Ends engines and keepers that an earlier run of this data directory left behind, each in order first and by SIGKILL
 * last. Call it only while holding the directory's lock: the engines of a running stack look the same.
 */
export async function endLeftOvers(dataDir: string, log: (line: string) => void): Promise<void> {
  const folder = join(dataDir, 'engines');
  let files: string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  } catch {
    return;
  }
  await Promise.all(
    files.map(async (file) => {
      const record = recordSchema.safeParse(readJsonFile(join(folder, file))).data;
      if (record) {
        const keeper = { pid: record.keeperPid, startTime: record.keeperStartTime };
        const engine = { pid: record.enginePid, startTime: record.engineStartTime };
        if (isOurs(keeper, dataDir)) {
          log(`Waiting for ${file.replace('.json', '')} of an earlier run to end (pid ${engine.pid}).`);
          process.kill(keeper.pid, 'SIGTERM');
          if (!(await waitForEnd(keeper, KEEPER_MS)) && isOurs(keeper, dataDir)) await endProcess(keeper, []);
        }
        if (isOurs(engine, dataDir)) {
          log(`Ending ${file.replace('.json', '')} of an earlier run (pid ${engine.pid}).`);
          await endProcess(engine, [{ signal: 'SIGTERM', waitMs: 5000 }]);
        }
      }
      rmSync(join(folder, file), { force: true });
    }),
  );
}
