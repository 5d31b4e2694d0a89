import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  factsBatchResponseSchema,
  factsResponseSchema,
  queryMemoryResponseSchema,
  type FactsResponse,
  type MemoryHit,
} from '#libs/contracts/index.js';
import { IdempotencyRepository } from '#libs/memory/index.js';
import { query, type SurrealSession } from '#libs/stores/surreal/index.js';
import { TestApi } from '../../../test/setup/api-for-test.js';

let api: TestApi;
let session: SurrealSession;
beforeAll(async () => {
  api = await TestApi.start();
  const { ref } = await api.services.registry.get(api.contextId);
  session = await api.services.server.session(ref);
});
afterAll(() => api.stop());

const key = (): Record<string, string> => ({ 'idempotency-key': randomBytes(32).toString('hex') });
const remember = (json: Record<string, unknown>, headers: Record<string, string> = {}) =>
  api.here('post', '/facts', { json: { infer: 'none', ...json }, headers });
const remembered = async (json: Record<string, unknown>, headers = {}): Promise<FactsResponse> => {
  const answer = await remember(json, headers);
  if (answer.status !== 200) throw new Error(answer.text);
  return factsResponseSchema.strict().parse(answer.body);
};
const recall = async (question: string, extra = {}): Promise<MemoryHit[]> => {
  const answer = await api.here('post', '/query', { json: { query: question, ...extra } });
  return queryMemoryResponseSchema.parse(answer.body).hits;
};
const turns = async (sessionId: string): Promise<{ seq: number; content: string; role: string }[]> => {
  const [rows] = await query<[{ seq: number; content: string; role: string }[]]>(
    session,
    `SELECT seq, content, role FROM turn WHERE session = type::record('session', $id) ORDER BY seq`,
    { id: sessionId },
  );
  return rows;
};

describe('a fact with infer none', () => {
  it('is stored as it is and found again as a memory_chunk of its session', async () => {
    const { mode, sessionId, turnId, chunkId } = await remembered({ text: 'The quokka enclosure opens at nine.' });
    expect(mode).toBe('none');
    const [hit] = await recall('When does the quokka enclosure open?');
    expect(hit).toMatchObject({
      id: chunkId,
      source: 'memory_chunk',
      text: 'The quokka enclosure opens at nine.',
      resource: { kind: 'session', sessionId, turnId },
    });
  });

  it('continues the session that it names; roles, labels and times are kept', async () => {
    const first = await remembered({ text: 'One about narwhals.', role: 'user' });
    const second = await remembered({
      text: 'Two about narwhals.',
      session_id: first.sessionId,
      role: 'assistant',
      labels: ['topic=whales'],
      observed_at: '2024-05-06T07:08:09Z',
      memory_category: 'knowledge',
    });
    expect(second.sessionId).toBe(first.sessionId);
    expect(await turns(first.sessionId)).toEqual([
      { seq: 0, content: 'One about narwhals.', role: 'user' },
      { seq: 1, content: 'Two about narwhals.', role: 'assistant' },
    ]);
    const labelled = await recall('narwhals', { labels: ['topic=whales'] });
    expect(labelled.map((hit) => hit.id)).toEqual([second.chunkId]);
    expect(labelled[0]?.occurredAt).toMatch(/^2024-05-06T07:08:09/);
  });

  it('accepts the camelCase spelling of its fields too', async () => {
    const first = await remembered({ text: 'alpha' });
    expect((await remembered({ text: 'beta', sessionId: first.sessionId })).sessionId).toBe(first.sessionId);
  });

  it('is refused in a session that does not exist, with nothing written', async () => {
    const answer = await remember({ text: 'nowhere', session_id: 'no-such-session' });
    expect(answer.body).toMatchObject({ status: 403, code: 'session_not_writable' });
    expect(await turns('no-such-session')).toEqual([]);
  });

  it('takes numbers in a row from writers to one session at once', async () => {
    const { sessionId } = await remembered({ text: 'zero' });
    await Promise.all(Array.from({ length: 8 }, (_, i) => remembered({ text: `n${i}`, session_id: sessionId })));
    expect((await turns(sessionId)).map((turn) => turn.seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it.each([
    [{ text: '' }, 400, 'validation_error'],
    [{ text: '  \n' }, 400, 'validation_error'],
    [{}, 400, 'validation_error'],
    [{ text: 'x'.repeat(80_001) }, 400, 'validation_error'],
    [{ text: 'x', role: 'robot' }, 400, 'validation_error'],
    [{ text: 'x', labels: ['_hidden=1'] }, 400, 'validation_error'],
    [{ text: 'x', observed_at: 'yesterday' }, 400, 'validation_error'],
    [{ text: 'x', session_id: '../x' }, 400, 'validation_error'],
    [{ text: 'x', scopes: [['org/acme']] }, 501, 'not_implemented'],
    [{ text: 'x', infer: 'full' }, 501, 'not_implemented'],
    [{ text: 'x', infer: undefined }, 501, 'not_implemented'],
    [{ text: 'x', infer: 'triples', triples: [] }, 501, 'not_implemented'],
  ])('refuses %#', async (json, status, code) => {
    const answer = await remember(json);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
  });
});

describe('a batch', () => {
  it('is stored in order in one session, one turn a message', async () => {
    const messages = [
      { role: 'user', content: 'Which otter is it?' },
      { role: 'assistant', content: 'The giant otter.', ts: '2025-01-01T00:00:00Z' },
      { role: 'tool', content: '' },
    ];
    const answer = await api.here('post', '/facts/batch', { json: { messages, infer: 'none' } });
    const { sessionId, turnIds, extractions } = factsBatchResponseSchema.strict().parse(answer.body);
    expect([turnIds.length, extractions]).toEqual([3, []]);
    expect((await turns(sessionId)).map((turn) => turn.content)).toEqual(messages.map((message) => message.content));
  });

  it('refuses extraction, no messages and too many', async () => {
    const send = async (json: unknown): Promise<unknown> => (await api.here('post', '/facts/batch', { json })).status;
    const message = { role: 'user', content: 'x' };
    expect(await send({ messages: [message] })).toBe(501);
    expect(await send({ messages: [], infer: 'none' })).toBe(400);
    expect(await send({ messages: Array.from({ length: 1001 }, () => message), infer: 'none' })).toBe(400);
  });
});

describe('an Idempotency-Key', () => {
  it('makes the second call answer what the first answered, and write nothing', async () => {
    const headers = key();
    const first = await remembered({ text: 'Once only.' }, headers);
    expect(await remembered({ text: 'Once only.' }, headers)).toEqual(first);
    expect(await turns(first.sessionId)).toHaveLength(1);
  });

  it('with another body, or on another route, is 409', async () => {
    const headers = key();
    await remembered({ text: 'a' }, headers);
    expect((await remember({ text: 'b' }, headers)).body).toMatchObject({ status: 409, code: 'idempotency_conflict' });
    const json = { messages: [{ role: 'user', content: 'a' }], infer: 'none' };
    expect((await api.here('post', '/facts/batch', { json, headers })).status).toBe(409);
  });

  it('is free again after a call that failed', async () => {
    const headers = key();
    expect((await remember({ text: 'x', session_id: 'missing' }, headers)).status).toBe(403);
    expect((await remember({ text: 'y' }, headers)).status).toBe(200);
  });

  it('sent many times at once writes once: the others are replays or 409', async () => {
    const headers = key();
    const text = `Only once ${randomUUID()}`;
    const answers = await Promise.all(Array.from({ length: 12 }, () => remember({ text }, headers)));
    const statuses = new Set(answers.map((answer) => answer.status));
    expect([...statuses].every((status) => status === 200 || status === 409)).toBe(true);
    for (const refused of answers.filter((answer) => answer.status === 409))
      expect(refused.body['code']).toBe('idempotency_in_flight');
    const [rows] = await query<[unknown[]]>(session, 'SELECT id FROM turn WHERE content = $text', { text });
    expect(rows).toHaveLength(1);
    const ok = answers.filter((answer) => answer.status === 200).map((answer) => answer.body);
    const replay = (await remember({ text }, headers)).body;
    expect(ok.length).toBeGreaterThan(0);
    for (const body of ok) expect(body).toEqual(replay);
  });

  it('is forgotten by the sweep when its window is over, and not before', async () => {
    const headers = key();
    const first = await remembered({ text: 'windowed' }, headers);
    const repository = new IdempotencyRepository(session);
    expect(await repository.expire()).toBe(0);
    await query(session, 'UPDATE idempotency SET expires_at = time::now() - 1s');
    expect(await repository.expire()).toBeGreaterThan(0);
    expect((await remembered({ text: 'windowed' }, headers)).sessionId).not.toBe(first.sessionId);
  });

  it('that is too long is 400', async () => {
    expect((await remember({ text: 'x' }, { 'idempotency-key': 'x'.repeat(256) })).status).toBe(400);
  });
});

describe('a reservation', () => {
  it('of an owner that went silent is taken over, and the silent one cannot complete or release it', async () => {
    const repository = new IdempotencyRepository(session);
    const name = randomUUID();
    const dead = await repository.begin('admin', name, 'h', 'owner-1');
    await expect(repository.begin('admin', name, 'h', 'owner-2')).rejects.toThrow(/still running/);
    if (dead.kind !== 'started') throw new Error('not started');
    await query(session, 'UPDATE $record SET lease_until = time::now() - 1s', { record: dead.reservation.record });
    expect((await repository.begin('admin', name, 'h', 'owner-2')).kind).toBe('started');
    await repository.release(dead.reservation);
    await expect(repository.begin('admin', name, 'h', 'owner-3')).rejects.toThrow(/still running/);
  });

  it('belongs to its principal', async () => {
    const repository = new IdempotencyRepository(session);
    const name = randomUUID();
    expect((await repository.begin('one', name, 'h', 'o1')).kind).toBe('started');
    expect((await repository.begin('two', name, 'other', 'o2')).kind).toBe('started');
  });
});
