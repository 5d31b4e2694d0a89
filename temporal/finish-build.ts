import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { codeHash } from '#libs/generations/index.js';
import { writeWorkflowBundle } from './workflow-bundle.js';

const dist = fileURLToPath(new URL('../', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

async function commit(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: root });
    return stdout.trim();
  } catch {
    return 'unknown';
  }
}

/** The last step of `npm run build`: the workflow bundle, and version.json which says what this build is. */
await writeWorkflowBundle();
const lockfile = `${root}package-lock.json`;
const manifest = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
const info = {
  version: manifest.version,
  sha: await commit(),
  builtAt: new Date().toISOString(),
  codeHash: await codeHash(dist, lockfile),
  lockHash: createHash('sha256')
    .update(await readFile(lockfile))
    .digest('hex'),
};
await writeFile(`${dist}version.json`, `${JSON.stringify(info, null, 2)}\n`);
