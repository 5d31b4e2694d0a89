import { Writable } from 'node:stream';
import type { ExitCode } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { run } from '../run.js';

export interface CliRun {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
}

function sink(isTTY: boolean): { stream: NodeJS.WritableStream; chunks: Buffer[] } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  // cli-progress asks the stream itself.
  return { stream: Object.assign(stream, { isTTY, columns: 80 }), chunks };
}

/** Runs a command line in this process, with streams that are read back and pauses that take no time. */
export async function runCli(
  argv: readonly string[],
  io: Partial<CliIo> & Pick<CliIo, 'env' | 'cwd'>,
): Promise<CliRun> {
  const isTTY = io.isTTY ?? { stdout: false, stderr: false };
  const stdout = sink(isTTY.stdout);
  const stderr = sink(isTTY.stderr);
  let now = 0;
  const code = await run(argv, {
    home: io.cwd,
    uid: process.getuid?.(),
    columns: 80,
    version: '0.1.0',
    client: { now: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) },
    ...io,
    isTTY,
    stdout: stdout.stream,
    stderr: stderr.stream,
  });
  const stdoutBytes = Buffer.concat(stdout.chunks);
  return { code, stdout: stdoutBytes.toString(), stderr: Buffer.concat(stderr.chunks).toString(), stdoutBytes };
}
