import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  chunkPageSchema,
  queryDocumentsResponseSchema,
  queryMemoryResponseSchema,
  type QueryDocumentsResponse,
  type QueryMemoryResponse,
} from '#libs/contracts/index.js';
import { TestApi, until } from '../../../test/setup/api-for-test.js';
import { testContext } from '../../../test/setup/services-for-test.js';

const CORPUS = [
  {
    filename: 'bees.md',
    type: 'text/markdown',
    content:
      '# Keeping bees\n\n## Winter\n\nA colony survives the winter on thirty kilograms of honey stores.\n\n## Swarming\n\nA crowded hive swarms in May; add a super in time.\n',
  },
  {
    filename: 'tides.html',
    type: 'text/html',
    content:
      '<!doctype html><html><head><title>Tides</title></head><body><h1>Tides</h1><p>Spring tides follow the new moon, when sun and moon pull together.</p><script>ignored()</script></body></html>',
  },
  {
    filename: 'bread.txt',
    type: 'text/plain',
    content: 'Sourdough needs a lively starter. Let the dough rest overnight in the refrigerator before baking.',
  },
] as const;

let api: TestApi;
const ids: Record<string, string> = {};
beforeAll(async () => {
  api = await TestApi.start({ worker: true, flags: { SPECTRA_MAX_QUERY_K: '2' } });
  for (const { filename, type, content } of CORPUS) ids[filename] = (await api.upload(content, { filename, type })).id;
  for (const id of Object.values(ids)) expect(await api.processed(id)).toMatchObject({ status: 'ready', error: null });
}, 60_000);
afterAll(() => api.stop());

const passages = async (body: Record<string, unknown>): Promise<QueryDocumentsResponse['results']> => {
  const answer = await api.here('post', '/documents/query', { json: body });
  if (answer.status !== 200) throw new Error(answer.text);
  return queryDocumentsResponseSchema.parse(answer.body).results;
};
const recall = async (body: Record<string, unknown>): Promise<QueryMemoryResponse> => {
  const answer = await api.here('post', '/query', { json: body });
  if (answer.status !== 200) throw new Error(answer.text);
  return queryMemoryResponseSchema.parse(answer.body);
};

const QUESTIONS = [
  ['How much honey does a colony need in winter?', 'bees.md'],
  ['When do spring tides happen?', 'tides.html'],
  ['How long should sourdough rest before baking?', 'bread.txt'],
] as const;

describe('a processed document', () => {
  it('has chunks that are exact slices, in order, with their heading paths', async () => {
    const answer = await api.here('get', `/documents/${ids['bees.md'] ?? ''}/chunks?page_size=100`);
    const page = chunkPageSchema.strict().parse(answer.body);
    const document = await api.document(ids['bees.md'] ?? '');
    expect(page.total).toBe(page.chunks.length);
    expect(document.chunkCount).toBe(page.total);
    expect(page.chunks.map((chunk) => chunk.position)).toEqual(page.chunks.map((_chunk, index) => index));
    for (const chunk of page.chunks) expect(chunk.text).toHaveLength(chunk.charEnd - chunk.charStart);
    expect(page.chunks.map((chunk) => chunk.section).join()).toContain('Keeping bees');
    const second = await api.here('get', `/documents/${ids['bees.md'] ?? ''}/chunks?pageSize=1&page=${page.total}`);
    expect(second.body).toMatchObject({ chunks: [], page: page.total, pageSize: 1, total: page.total });
  });

  it('bears the title that it gives itself, and is listed as ready', async () => {
    expect((await api.document(ids['tides.html'] ?? '')).title).toBe('Tides');
    const listed = await api.here('get', '/documents?status=Ready');
    expect(listed.body['total']).toBeGreaterThanOrEqual(CORPUS.length);
  });
});

describe('a question', () => {
  it.each(['hybrid', 'bm25', 'vector', 'HYBRID'].flatMap((mode) => QUESTIONS.map((pair) => [mode, ...pair] as const)))(
    'by %s finds its document: %s',
    async (mode, query, filename) => {
      const [best] = await passages({ query, mode, k: 1 });
      expect(best?.document.id).toBe(ids[filename]);
      const [hit] = (await recall({ query, mode, k: 1 })).hits;
      expect(hit).toMatchObject({ source: 'chunk', resource: { kind: 'document', documentId: ids[filename] } });
    },
  );

  it('explains every score as the sum of its contributions, best first, on request only', async () => {
    for (const extra of [{}, { rrfK: 60 }, { vectorWeight: 0.8 }, { mode: 'bm25' }, { mode: 'vector' }]) {
      const hits = await passages({ query: 'honey for the winter and the moon', k: 2, explain: true, ...extra });
      expect(hits.length).toBeGreaterThan(0);
      for (const { score, explain } of hits) {
        const sum = (explain?.signals ?? []).reduce((total, signal) => total + signal.contribution, 0);
        expect(sum).toBeCloseTo(score, 9);
      }
      expect(hits.map((hit) => hit.score)).toEqual(hits.map((hit) => hit.score).sort((a, b) => b - a));
    }
    expect((await passages({ query: 'honey' }))[0]).not.toHaveProperty('explain');
  });

  it('asks only the documents, media types and above the threshold that it names', async () => {
    const query = 'honey moon sourdough';
    const found = async (body: Record<string, unknown>): Promise<string[]> => [
      ...new Set((await passages({ query, k: 2, ...body })).map((hit) => hit.document.id)),
    ];
    expect(await found({ filter: { documentIds: [ids['bread.txt']] } })).toEqual([ids['bread.txt']]);
    expect(await found({ filter: { document_ids: [ids['tides.html']], mimeType: null } })).toEqual([ids['tides.html']]);
    expect(await found({ filter: { mimeType: ['text/html'] } })).toEqual([ids['tides.html']]);
    expect(await found({ mode: 'bm25', threshold: 1 })).toHaveLength(1);
    expect(await found({ filter: { documentIds: ['01jd0000000000000000000000'] } })).toEqual([]);
  });

  it('gets at most the configured number of hits, whatever it asks for', async () => {
    expect(await passages({ query: 'honey moon sourdough hive tides dough', k: 1_000 })).toHaveLength(2);
    const { hits, trace } = await recall({ query: 'honey moon sourdough hive tides dough', k: 50 });
    expect(hits).toHaveLength(2);
    expect(trace.retrievedCount).toBeGreaterThan(2);
    expect(trace.topScores).toEqual(hits.map((hit) => hit.score));
  });

  it.each([
    ['/query', { mode: 'graph' }],
    ['/documents/query', { mode: 'hybrid_graph' }],
    ['/query', { lens: ['org/acme'] }],
    ['/documents/query', { lens: [['org/acme']] }],
    ['/query', { location: { near: { lat: 1, lng: 1, radiusKm: 1 } } }],
  ])('%s refuses what it cannot do yet rather than ignore it: %j', async (path, extra) => {
    const answer = await api.here('post', path, { json: { query: 'honey', ...extra } });
    expect(answer.body).toMatchObject({ status: 501, code: 'not_implemented' });
  });

  it.each([
    ['/query', {}],
    ['/query', { query: '   ' }],
    ['/query', { query: 'x', k: 0 }],
    ['/query', { query: 'x', k: '5' }],
    ['/query', { query: 'x', mode: 'magic' }],
    ['/query', { query: 'x', include: ['everything'] }],
    ['/documents/query', { query: 'x', threshold: 2 }],
    ['/documents/query', { query: 'x', filter: { documentIds: ['nonsense'] } }],
  ])('%s refuses %j, naming the field', async (path, json) => {
    const answer = await api.here('post', path, { json });
    expect(answer.body).toMatchObject({ status: 400, code: 'validation_error' });
    expect(answer.body['issues']).not.toEqual([]);
  });

  it('of nothing but stop words, punctuation or another language is answered without an error', async () => {
    for (const query of ['the of and', '???', '\u0000', '什么是潮汐', "'; DROP TABLE document; --", '@1,OR@ $terms'])
      await expect(recall({ query })).resolves.toMatchObject({ tier: 'hybrid' });
  });

  it('in a Context of one document finds it by its words', async () => {
    const { contextId, key } = await testContext(api.services);
    const at = `/api/v1/${contextId}`;
    const accepted = await api.call('post', `${at}/documents`, {
      key,
      parts: [
        { name: 'file', filename: 'one.txt', type: 'text/plain', content: 'The lighthouse was painted in 1911.' },
      ],
    });
    const id = String(accepted.body['id']);
    await until('the only document', async () =>
      (await api.call('get', `${at}/documents/${id}`, { key })).body['status'] === 'ready' ? true : null,
    );
    for (const mode of ['bm25', 'hybrid']) {
      const answer = await api.call('post', `${at}/documents/query`, { key, json: { query: 'lighthouse', mode } });
      expect(queryDocumentsResponseSchema.parse(answer.body).results.map((hit) => hit.document.id)).toEqual([id]);
    }
    const elsewhere = await api.call('get', `${at}/documents/${ids['bees.md'] ?? ''}`, { key });
    expect(elsewhere.body).toMatchObject({ status: 404, code: 'document_not_found' });
  });
});

describe('the same bytes many times at once', () => {
  it('make one document, one pipeline and one stored object', async () => {
    const content = `The same words, twenty times: ${randomUUID()}`;
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.upload(content)));
    const [id = '', ...others] = [...new Set(answers.map((answer) => answer.id))];
    expect(others).toEqual([]);
    expect(await api.processed(id)).toMatchObject({ status: 'ready', version: 1, chunkCount: 1 });
    const hash = (answers[0]?.contentHash ?? '').replace('blake3:', '');
    const left = await until('the losers of the race to be cleared', async () => {
      const keys = (await api.objectKeys()).filter((key) => key.includes(hash));
      return keys.length === 1 ? keys : null;
    });
    expect(left[0]).toContain(id);
    const { rows } = await api.services.pool.query<{ status: string }>(
      `SELECT DISTINCT status::text FROM core.outbox WHERE payload->>'contentHash' = $1`,
      [answers[0]?.contentHash],
    );
    expect(rows).toEqual([{ status: 'delivered' }]);
  });
});

describe('a document that cannot be read', () => {
  it('ends as failed with a sentence, leaves nothing searchable, and is tried again as its next version', async () => {
    const content = `%PDF-1.7\nthis is no PDF ${randomUUID()}`;
    const options = { type: 'application/pdf', filename: 'broken.pdf' };
    const first = await api.upload(content, options);
    const failed = await api.processed(first.id);
    expect(failed).toMatchObject({ status: 'failed', version: 1, chunkCount: 0 });
    expect(failed.error).toMatch(/PDF/);
    const again = await api.upload(content, options);
    expect(again).toMatchObject({ id: first.id, status: 'queued', deduplicated: false });
    const next = await until('the second verdict', async () => {
      const document = await api.document(first.id);
      return document.version === 2 && document.status === 'failed' ? document : null;
    });
    expect(next.error).toBe(failed.error);
    const raw = await api.here('get', `/documents/${first.id}/raw`);
    expect(raw.text).toBe(content);
  });
});

describe('a deleted document', () => {
  it('is gone with its chunks and bytes; the same bytes are a new document afterwards', async () => {
    const content = `Ephemeral zeppelin notes ${randomUUID()}`;
    const { id, contentHash } = await api.upload(content);
    await api.processed(id);
    expect((await passages({ query: 'zeppelin', mode: 'bm25' })).map((hit) => hit.document.id)).toEqual([id]);
    expect((await api.here('delete', `/documents/${id}`)).status).toBe(204);
    for (const rest of ['', '/chunks', '/raw'])
      expect((await api.here('get', `/documents/${id}${rest}`)).status).toBe(404);
    expect((await api.here('delete', `/documents/${id}`)).status).toBe(404);
    expect(await passages({ query: 'zeppelin', mode: 'bm25' })).toEqual([]);
    expect((await api.objectKeys()).filter((key) => key.includes(id))).toEqual([]);
    const again = await api.upload(content);
    expect(again).toMatchObject({ contentHash, deduplicated: false, status: 'queued' });
    expect(again.id).not.toBe(id);
    expect(await api.processed(again.id)).toMatchObject({ status: 'ready', version: 1 });
  });

  it('may be deleted while it is being processed: nothing of it comes back', async () => {
    const content = `Short-lived ${'paragraph about a kestrel. '.repeat(400)}\n\n${randomUUID()}`;
    const { id } = await api.upload(content);
    expect((await api.here('delete', `/documents/${id}`)).status).toBe(204);
    const workflow = `document/${api.contextId}/${id}/v1`;
    await until('the event to be done', async () => {
      const { rows } = await api.services.pool.query<{ status: string }>(
        `SELECT status::text FROM core.outbox WHERE idempotency_key = $1`,
        [workflow],
      );
      return rows[0]?.status === 'delivered' ? true : null;
    });
    await api.upload(`A later document ${randomUUID()}`).then((later) => api.processed(later.id));
    expect((await api.here('get', `/documents/${id}`)).status).toBe(404);
    expect((await passages({ query: 'kestrel', mode: 'bm25' })).map((hit) => hit.document.id)).toEqual([]);
  });
});
