import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Reads and cancels at once, often: an error outside every promise ends the process. */
const CANCEL_DURING_READ = `
const { FilePart } = await import(process.argv[1]);
for (let n = 0; n < 200; n += 1) {
  const reader = new FilePart(process.argv[2], 2000000, 'text/plain', () => undefined).stream().getReader();
  if (n % 2 === 0) await reader.read();
  const read = reader.read();
  await reader.cancel();
  await read;
}
await new Promise((resolve) => setImmediate(resolve));
console.log('survived');
`;

describe('FilePart', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-part-'));
    await writeFile(join(folder, 'large.txt'), 'x'.repeat(2_000_000));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('may be cancelled during a read without ending the process', async () => {
    const compiled = pathToFileURL(join(process.cwd(), 'dist/libs/client/file-part.js')).href;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      CANCEL_DURING_READ,
      compiled,
      join(folder, 'large.txt'),
    ]);
    expect(stdout.trim()).toBe('survived');
  });
});
