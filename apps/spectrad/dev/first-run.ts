import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mediaTypeOf, SpectraClient } from '#libs/client/index.js';
import type { Credentials } from './bootstrap.js';

const QUESTION = 'Who is responsible for a digital worker identity, and what must its sponsor do?';
const TOP = 3;
/** A sample takes seconds; a stack that needs longer than this is broken, and the start goes on without it. */
const SAMPLE_TIMEOUT_MS = 180_000;
const PASSAGE_CHARS = 260;

type Say = (line: string) => void;

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > PASSAGE_CHARS ? `${line.slice(0, PASSAGE_CHARS - 1)}…` : line;
}

async function load(client: SpectraClient, path: string, name: string, say: Say, signal: AbortSignal): Promise<void> {
  // Not aborted with the stack: a body that is cut off in its last read makes fetch throw outside its promise.
  const upload = await client.documents.upload(path);
  const width = 40;
  const seen: string[] = [];
  const document = await client.documents.waitUntilProcessed(upload.id, {
    signal,
    timeoutMs: SAMPLE_TIMEOUT_MS,
    onStatus: ({ status }) => {
      seen.push(status);
    },
  });
  const size =
    document.status === 'ready'
      ? `${document.chunkCount ?? 0} passages${document.pageCount ? `, ${document.pageCount} pages` : ''}`
      : (document.error ?? '');
  say(`  ${name.padEnd(width)} ${seen.join(' > ')}  ${size}`);
}

/**
 * Shows the main job on real documents: every file of `samples/` goes through the public API, then one question is
 * asked. What fails is said, and the start goes on.
 */
export async function demonstrate(
  credentials: Credentials,
  samples: string,
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  const client = new SpectraClient({
    url: credentials.url,
    apiKey: credentials.contextApiKey,
    contextId: credentials.contextId,
  });
  const names = (await readdir(samples))
    .filter((name) => name !== 'README.md' && mediaTypeOf(name) !== undefined)
    .sort();
  say('');
  say(`Remembering the ${names.length} documents of samples/ through the API:`);
  const results = await Promise.allSettled(names.map((name) => load(client, join(samples, name), name, say, signal)));
  if (signal.aborted) return;
  for (const [index, result] of results.entries()) {
    if (result.status === 'rejected')
      say(`  ${names[index] ?? ''}: ${result.reason instanceof Error ? result.reason.message : 'failed'}`);
  }
  say('');
  say(`Asking: ${QUESTION}`);
  const { hits, queryMs } = await client.query({ query: QUESTION, k: TOP });
  for (const [index, hit] of hits.entries()) {
    const place = [hit.title, hit.page ? `page ${hit.page}` : null, hit.section].filter(Boolean).join(' | ');
    say(`  ${index + 1}. ${hit.score.toFixed(3)}  ${place}`);
    say(`     ${oneLine(hit.text)}`);
  }
  say(`  (${queryMs} ms)`);
}
