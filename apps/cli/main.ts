#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { run } from './run.js';

/** The version of the package that this file is part of: two folders up in the sources, three in dist. */
function packageVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<
        string,
        string
      >;
      if (name === 'spectra' && version) return version;
    } catch {
      // Not there: try the next.
    }
  }
  return 'unknown';
}

// `spectra documents list | head -1` closes the pipe: nothing more is wanted, and that is no error.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
process.once('SIGINT', () => {
  process.exit(130);
});

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  // eslint-disable-next-line no-restricted-syntax -- the client has its own entry point, and libs/config is the server's
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  uid: process.getuid?.(),
  isTTY: { stdout: process.stdout.isTTY, stderr: process.stderr.isTTY },
  columns: process.stdout.columns || process.stderr.columns || 80,
  version: packageVersion(),
});
