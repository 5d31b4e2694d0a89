import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const FOLDER = new URL('../../workflows/histories/', import.meta.url);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Who and where a recording was made: of no use to a replay, and not for publication. */
const ORIGIN = new Set(['identity', 'buildId', 'binaryChecksum', 'deploymentName']);
export const RECORDER = 'recorder';

function withoutOrigin(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutOrigin);
  if (typeof value !== 'object' || value === null) return value;
  // A sticky queue bears the process and host of its worker.
  if (value['kind'] === 'TASK_QUEUE_KIND_STICKY') return { ...value, name: RECORDER };
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      if (ORIGIN.has(key) && entry !== '') return [key, RECORDER];
      // The frames of a stack are paths of the machine.
      if (key === 'stackTrace') return [key, ''];
      return [key, withoutOrigin(entry)];
    }),
  );
}

/** The history of a run as JSON that can be replayed anywhere, without what names the machine that it ran on. */
export async function portableHistory(handle: WorkflowHandle): Promise<Json> {
  return withoutOrigin(JSON.parse(historyToJSON(await handle.fetchHistory())) as Json);
}

export async function writeHistory(workflow: string, path: string, history: Json): Promise<void> {
  const folder = new URL(`${workflow}/`, FOLDER);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(`${path}.json`, folder), `${JSON.stringify(history, null, 1)}\n`);
}

export interface RecordedHistory {
  readonly workflow: string;
  readonly path: string;
  readonly history: Json;
}

/** Every committed history, by workflow and path. */
export async function recordedHistories(): Promise<RecordedHistory[]> {
  const files = (await readdir(FOLDER, { recursive: true })).map((file) => file.replaceAll('\\', '/')).sort();
  return Promise.all(
    files.flatMap((file) => {
      const [, workflow, path] = /^([^/]+)\/([^/]+)\.json$/.exec(file) ?? [];
      if (workflow === undefined || path === undefined) return [];
      return [
        readFile(new URL(file, FOLDER), 'utf8').then((text) => ({ workflow, path, history: JSON.parse(text) as Json })),
      ];
    }),
  );
}

/** Every text in a history: keys and values, payloads decoded. */
export function textsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) =>
    key === 'data' && typeof entry === 'string'
      ? [Buffer.from(entry, 'base64').toString('utf8')]
      : [key, ...textsOf(entry)],
  );
}
