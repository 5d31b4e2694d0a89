import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import pg from 'pg';
import { Connection } from '@temporalio/client';
import { ROOT } from '../scripts/set-up.mjs';

/** The machine and the versions of what was measured on it; nothing that says where. */
export async function describeMachine(stack) {
  const postgres = new pg.Client({ connectionString: stack.environment.DATABASE_URL });
  await postgres.connect();
  const { rows } = await postgres.query('show server_version');
  await postgres.end();
  const temporal = await Connection.connect({ address: stack.addresses.temporal });
  const { serverVersion } = await temporal.workflowService.getSystemInfo({});
  await temporal.close();
  const surreal = JSON.parse(await readFile(join(ROOT, 'node_modules', '@surrealdb', 'node', 'package.json'), 'utf8'));
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    postgres: rows[0].server_version.split(' ')[0],
    surrealdb: `embedded engine of @surrealdb/node ${surreal.version}`,
    temporal: serverVersion,
  };
}

/** The commit that was measured, with `+changes` when the working copy differs from it; null outside of git. */
export async function describeCommit() {
  const git = async (...args) => (await promisify(execFile)('git', args, { cwd: ROOT })).stdout.trim();
  try {
    const commit = await git('rev-parse', '--short=12', 'HEAD');
    const changes = await git('status', '--porcelain', '--untracked-files=no', '--', ':!docs');
    return changes === '' ? commit : `${commit}+changes`;
  } catch {
    return null;
  }
}
