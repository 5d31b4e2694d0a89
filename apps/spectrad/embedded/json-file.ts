import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Replaces a JSON file in one step, so that a reader meets the old or the new content and nothing between. */
export function writeJsonFile(path: string, value: unknown, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode, flag: 'wx' });
  renameSync(temporary, path);
}

/** The parsed content; null when there is no such file or it is not JSON. */
export function readJsonFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch {
    return null;
  }
}
