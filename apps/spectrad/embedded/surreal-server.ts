import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { openSurrealFace, type SurrealFace } from './surreal/face.js';
import { openNativeEngine, type NativeEngine } from './surreal/native-engine.js';
import { ensureRootUser } from './surreal/root-user.js';
import { LISTENING, type SurrealServerSpec } from './surreal-server-spec.js';

/** The process that runs the embedded engine of @surrealdb/node behind its WebSocket face, until SIGTERM or its keeper's end. */
let engine: NativeEngine | undefined;
let face: SurrealFace | undefined;
let ending = false;

async function serve(spec: SurrealServerSpec): Promise<void> {
  engine = await openNativeEngine(spec.store);
  await ensureRootUser(engine, spec.rootPassword, randomUUID().replaceAll('-', ''));
  face = await openSurrealFace(engine, { host: spec.host, port: spec.port });
  console.log(`${LISTENING} ${spec.host}:${face.port}`);
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  await face?.close();
  // Closes RocksDB; without it the next start has to replay its log.
  engine?.free();
  process.exit(0);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end());
process.stdin.on('error', () => void end());
const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  serve(JSON.parse(line) as SurrealServerSpec).catch((error: unknown) => {
    console.error(error instanceof Error ? `FATAL: ${error.message}` : error);
    process.exit(1);
  });
});
lines.on('close', () => void end());
