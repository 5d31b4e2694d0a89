import { join } from 'node:path';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './json-file.js';
import { identify } from './process-identity.js';

const address = z.string().nullable();

const stackFileSchema = z.object({
  version: z.string(),
  pid: z.int().positive(),
  /** Clock ticks since boot; null where there is no /proc. Tells a reused pid from the stack. */
  startTime: z.number().nullable(),
  startedAt: z.string(),
  /** Without credentials: `http://127.0.0.1:9090`, `127.0.0.1:7233`, ... null when the part is not embedded or not there. */
  addresses: z.object({
    api: address,
    temporal: address,
    temporalUi: address,
    postgres: address,
    surrealdb: address,
  }),
});

/** What `<dataDir>/stack.json` says of the stack that runs, or ran last, on the directory. */
export type StackFile = z.infer<typeof stackFileSchema>;
export type StackAddresses = StackFile['addresses'];

const path = (dataDir: string): string => join(dataDir, 'stack.json');

/** The recorded stack; null when none was recorded or the file is damaged. It may have ended: see `isRunning`. */
export function readStackFile(dataDir: string): StackFile | null {
  return stackFileSchema.safeParse(readJsonFile(path(dataDir))).data ?? null;
}

/** Records this process as the stack of the directory, in one step. */
export function writeStackFile(
  dataDir: string,
  stack: { version: string; addresses: StackAddresses },
  now = new Date(),
): void {
  const { pid, startTime } = identify(process.pid);
  const content: StackFile = {
    version: stack.version,
    pid,
    startTime,
    startedAt: now.toISOString(),
    addresses: stack.addresses,
  };
  writeJsonFile(path(dataDir), content);
}
