import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uploadMetadataSchema, type DocumentStatus } from '#libs/contracts/index.js';
import { FileChangedError, SpectraClient, type SpectraClientOptions } from './index.js';
import { scriptedServer, type ReceivedRequest } from './testing/scripted-server.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spectra-client-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const accepted = { status: 202, json: { id: 'a', status: 'queued', contentHash: 'blake3:00', deduplicated: false } };

function clientFor(url: string, options: Partial<SpectraClientOptions> = {}): SpectraClient {
  return new SpectraClient({ url, contextId: 'demo', apiKey: 'sp-a-b', sleep: () => Promise.resolve(), ...options });
}

interface Part {
  readonly headers: string;
  readonly body: Buffer;
}

/** The parts of a multipart body in the order in which they came. */
function partsOf({ headers, body }: ReceivedRequest): Part[] {
  const boundary = /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1] ?? 'none';
  return body
    .toString('latin1')
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const end = part.indexOf('\r\n\r\n');
      return { headers: part.slice(2, end), body: Buffer.from(part.slice(end + 4, -2), 'latin1') };
    });
}

async function fileWith(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('upload', () => {
  it('sends the metadata first and the file with its bytes, name and media type', async () => {
    await using server = await scriptedServer([accepted]);
    const bytes = Uint8Array.from({ length: 300_000 }, (_value, index) => (index * 7) % 256);
    const path = await fileWith('Größe.pdf', bytes);
    const answer = await clientFor(server.url).documents.upload(path, {
      title: 'A title',
      labels: ['team=ops'],
      source: undefined,
    });
    expect(answer).toEqual(accepted.json);
    const [request] = server.requests;
    if (!request) throw new Error('nothing was sent');
    const [metadata, file, ...more] = partsOf(request);
    expect(more).toEqual([]);
    expect(metadata?.headers).toBe('Content-Disposition: form-data; name="metadata"');
    expect(uploadMetadataSchema.strict().parse(JSON.parse(String(metadata?.body)))).toEqual({
      title: 'A title',
      labels: ['team=ops'],
    });
    expect(Buffer.from(file?.headers ?? '', 'latin1').toString()).toBe(
      'Content-Disposition: form-data; name="file"; filename="Größe.pdf"\r\nContent-Type: application/pdf',
    );
    expect(file?.body.equals(bytes)).toBe(true);
    expect(request.headers['content-length']).toBe(String(request.body.length));
  });

  it.each([
    ['a.md', 'text/markdown'],
    ['a.TXT', 'text/plain'],
    ['a.htm', 'text/html'],
    ['a.bin', 'application/octet-stream'],
    ['noending', 'application/octet-stream'],
  ])('leaves the metadata out when there is none, and declares %s as %s', async (name, type) => {
    await using server = await scriptedServer([accepted]);
    await clientFor(server.url).documents.upload(await fileWith(name, ''));
    const [request] = server.requests;
    const parts = request ? partsOf(request) : [];
    expect(parts).toHaveLength(1);
    expect(parts[0]?.headers).toContain(`name="file"; filename="${name}"`);
    expect(parts[0]?.headers).toContain(`Content-Type: ${type}`);
    expect(parts[0]?.body).toHaveLength(0);
  });

  it('sends the whole file again after a server that failed', async () => {
    await using server = await scriptedServer([
      { status: 503, json: { message: 'no' } },
      { cut: 'before-headers' },
      accepted,
    ]);
    await clientFor(server.url).documents.upload(await fileWith('again.txt', 'all of it'));
    expect(server.requests.map((request) => String(partsOf(request)[0]?.body))).toEqual(Array(3).fill('all of it'));
  });

  it('fails before anything is sent when the file is not there', async () => {
    await using server = await scriptedServer([accepted]);
    await expect(clientFor(server.url).documents.upload(join(folder, 'absent.txt'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(server.requests).toHaveLength(0);
  });

  it('holds only a little of a large file in memory', async () => {
    const path = join(folder, 'large.bin');
    const megabytes = 150;
    await writeFile(path, '');
    await truncate(path, megabytes * 1_000_000);
    // A process of its own, so that what it receives does not count.
    const program = `require('node:http').createServer((request, response) => {
      let size = 0;
      request.on('data', (chunk) => { size += chunk.length; });
      request.on('end', () => response.end(JSON.stringify({ size })));
    }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
    const server = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 10);
    try {
      const answer: unknown = await clientFor(`http://127.0.0.1:${String(port).trim()}`).documents.upload(path);
      expect((answer as { size: number }).size).toBeGreaterThan(megabytes * 1_000_000);
    } finally {
      clearInterval(watch);
      server.kill();
    }
    expect((peak - before) / 1_000_000).toBeLessThan(megabytes * 0.75);
  });

  it('does not send a file to wherever a redirect points', async () => {
    await using server = await scriptedServer([{ status: 307, headers: { location: 'http://127.0.0.1:1/' } }]);
    const path = await fileWith('redirected.txt', 'x');
    await expect(clientFor(server.url).documents.upload(path)).rejects.toThrow('redirects to another address');
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['grows', async (path: string) => appendFile(path, 'more')],
    ['shrinks', async (path: string) => truncate(path, 10)],
  ])('fails, and sends nothing whole, when the file %s while it is sent', async (_what, change) => {
    await using server = await scriptedServer([accepted]);
    const path = await fileWith('moving.txt', 'x'.repeat(100_000));
    const client = clientFor(server.url, {
      fetch: async (input, init) => {
        await change(path);
        return fetch(input, init);
      },
    });
    await expect(client.documents.upload(path)).rejects.toBeInstanceOf(FileChangedError);
    expect(server.requests).toEqual([]);
  });
});

describe('listing', () => {
  it('walks all pages, and asks for no page after the last', async () => {
    const all = Array.from({ length: 250 }, (_value, index) => ({ id: String(index) }));
    await using server = await scriptedServer(({ query }) => {
      const page = Number(query.get('page'));
      const pageSize = Number(query.get('pageSize'));
      const documents = all.slice(page * pageSize, (page + 1) * pageSize);
      return { json: { documents, page, pageSize, total: all.length } };
    });
    const ids: string[] = [];
    for await (const { documents } of clientFor(server.url).documents.pages({ status: 'ready' }))
      ids.push(...documents.map(({ id }) => id));
    expect(ids).toEqual(all.map(({ id }) => id));
    expect(server.requests).toHaveLength(3);
    expect(server.requests[0]?.query.get('status')).toBe('ready');
  });

  it('ends on an empty page, whatever the total says', async () => {
    await using server = await scriptedServer([
      { json: { documents: [], chunks: [], page: 0, pageSize: 100, total: 7 } },
    ]);
    const client = clientFor(server.url);
    for await (const page of client.documents.pages()) expect(page.documents).toEqual([]);
    for await (const page of client.documents.chunkPages('a')) expect(page.chunks).toEqual([]);
    expect(server.requests).toHaveLength(2);
  });
});

describe('raw', () => {
  it('streams the bytes with their type and size, longer than the time limit of an answer', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_value, index) => index % 251);
    await using server = await scriptedServer([
      { text: bytes, headers: { 'content-type': 'application/pdf', 'content-length': '70000' } },
    ]);
    const { stream, mediaType, sizeBytes } = await clientFor(server.url).documents.raw('a');
    expect({ mediaType, sizeBytes }).toEqual({ mediaType: 'application/pdf', sizeBytes: 70_000 });
    expect(Buffer.from(await new Response(stream).arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('gives the problem when there is no such document', async () => {
    await using server = await scriptedServer([
      { status: 404, json: { message: 'No such document.', code: 'not_found' } },
    ]);
    await expect(clientFor(server.url).documents.raw('a')).rejects.toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('waitUntilProcessed', () => {
  const inStatus = (status: DocumentStatus): { json: object } => ({ json: { id: 'a', status } });

  it('reports each status once and returns the document when it is ready, looking less and less often', async () => {
    const pauses: number[] = [];
    const statuses = [
      'queued',
      'queued',
      'embedding',
      'embedding',
      'embedding',
      'embedding',
      'embedding',
      'ready',
    ] as const;
    await using server = await scriptedServer(statuses.map(inStatus));
    const client = clientFor(server.url, {
      sleep: (ms) => {
        pauses.push(ms);
        return Promise.resolve();
      },
    });
    const seen: string[] = [];
    const document = await client.documents.waitUntilProcessed('a', { onStatus: ({ status }) => seen.push(status) });
    expect(document.status).toBe('ready');
    expect(seen).toEqual(['queued', 'embedding', 'ready']);
    expect(pauses[0]).toBe(150);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses.at(-1)).toBeLessThanOrEqual(2000);
  });

  it('returns a failed document rather than throwing', async () => {
    await using server = await scriptedServer([inStatus('failed')]);
    expect(await clientFor(server.url).documents.waitUntilProcessed('a')).toMatchObject({ status: 'failed' });
  });

  it('throws after the time that it was given, having looked once more at the end of it', async () => {
    let now = 0;
    await using server = await scriptedServer([inStatus('queued')]);
    const client = clientFor(server.url, {
      now: () => now,
      sleep: (ms) => {
        now += ms;
        return Promise.resolve();
      },
    });
    await expect(client.documents.waitUntilProcessed('a', { timeoutMs: 5000 })).rejects.toMatchObject({
      name: 'WaitTimeoutError',
      message: 'Document a is still queued after 5 s; it stays accepted, look again later.',
    });
    expect(now).toBe(5000);
  });

  it('ends when the caller aborts', async () => {
    const controller = new AbortController();
    await using server = await scriptedServer([inStatus('queued')]);
    const waiting = clientFor(server.url).documents.waitUntilProcessed('a', {
      signal: controller.signal,
      onStatus: () => {
        controller.abort(new Error('enough'));
      },
    });
    await expect(waiting).rejects.toThrow('enough');
  });
});
