import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { writeJsonFile } from './json-file.js';
import type { EngineRecord, KeeperEvent, KeeperSpec } from './keeper-protocol.js';
import { endProcess, identify } from './process-identity.js';

/**
 * The process that owns one engine. It lives in its own session, so a Ctrl-C in the terminal reaches the application and
 * never the engine; the pipe on its stdin is its lifeline: when the stack is gone, however it died, the pipe ends and the
 * keeper ends its engine in order. stdout carries KeeperEvents, stderr (the engine's log file) is handed to the engine.
 * It imports Node's own modules only: three of them start on every `npm start`.
 */
function report(event: KeeperEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function keep(spec: KeeperSpec): { stop: () => void } {
  const engine = spawn(spec.command, spec.args, {
    stdio: [spec.input === undefined ? 'ignore' : 'pipe', process.stderr, process.stderr],
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  });
  engine.on('error', (error) => {
    if (engine.pid !== undefined) return;
    report({ event: 'failed', message: error.message });
    process.exitCode = 1;
    process.stdin.destroy();
  });
  if (engine.pid === undefined) return { stop: () => undefined };

  const identity = identify(engine.pid);
  const keeper = identify(process.pid);
  const record: EngineRecord = {
    enginePid: identity.pid,
    engineStartTime: identity.startTime,
    keeperPid: keeper.pid,
    keeperStartTime: keeper.startTime,
    address: spec.address,
  };
  writeJsonFile(spec.recordFile, record);
  engine.stdin?.on('error', () => undefined);
  engine.stdin?.write(`${spec.input ?? ''}\n`);
  engine.on('exit', (code, signal) => {
    rmSync(spec.recordFile, { force: true });
    report({ event: 'exited', code, signal });
    process.stdin.destroy();
  });
  report({ event: 'started', engine: identity });

  let stopping = false;
  return {
    stop: () => {
      if (stopping) return;
      stopping = true;
      void endProcess(identity, spec.stopSteps);
    },
  };
}

let kept: { stop: () => void } | undefined;
const stop = (): void => {
  if (kept) kept.stop();
  else process.exit(0);
};
// The stack may be gone: a report that nobody reads must not end the keeper before its engine.
process.stdout.on('error', () => undefined);
process.stdin.on('error', stop);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (kept === undefined) kept = keep(JSON.parse(line) as KeeperSpec);
  else if (line === 'stop') kept.stop();
});
lines.on('close', stop);
