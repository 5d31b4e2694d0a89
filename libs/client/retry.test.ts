import { describe, expect, it } from '@jest/globals';
import { ApiError } from './index.js';
import { scriptedServer } from './testing/scripted-server.js';
import { clientFor, failureOf, problem } from './testing/test-client.js';

describe('retries', () => {
  it('tries a GET again after 250, 500 and 1000 ms while the server fails, and then gives its error', async () => {
    await using server = await scriptedServer([{ status: 503, json: problem(503, 'unavailable') }]);
    const { client, pauses } = clientFor(server.url);
    const error = await failureOf(client.documents.get('a'));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 503, code: 'unavailable', requestId: 'req-1' });
    expect(pauses).toEqual([250, 500, 1000]);
    expect(server.requests).toHaveLength(4);
  });

  it('goes on as soon as the server recovers, also after connections that broke before and in the body', async () => {
    await using server = await scriptedServer([
      { cut: 'before-headers' },
      { cut: 'in-body' },
      { status: 500, text: 'oops' },
      { json: { id: 'a' } },
    ]);
    const { client, pauses } = clientFor(server.url);
    expect(await client.documents.get('a')).toEqual({ id: 'a' });
    expect(pauses).toEqual([250, 500, 1000]);
  });

  it('waits as long as Retry-After asks when that is longer than its own pause', async () => {
    const at = Date.parse('2026-11-21T12:00:00Z');
    await using server = await scriptedServer([
      { status: 503, json: problem(503, 'busy'), headers: { 'retry-after': '7' } },
      { status: 503, json: problem(503, 'busy'), headers: { 'retry-after': '0' } },
      { status: 503, json: problem(503, 'busy'), headers: { 'retry-after': 'Sat, 21 Nov 2026 12:00:03 GMT' } },
      { json: {} },
    ]);
    const { client, pauses } = clientFor(server.url, { now: () => at });
    await client.documents.get('a');
    expect(pauses).toEqual([7000, 500, 3000]);
  });

  it('does not keep the caller waiting when Retry-After is longer than half a minute', async () => {
    await using server = await scriptedServer([
      { status: 503, json: problem(503, 'busy'), headers: { 'retry-after': '3600' } },
    ]);
    const { client } = clientFor(server.url);
    expect(await failureOf(client.documents.get('a'))).toMatchObject({ retryAfterMs: 3_600_000 });
    expect(server.requests).toHaveLength(1);
  });

  it.each([400, 401, 403, 404, 409, 415, 422, 429, 501])('does not try again after %i', async (status) => {
    await using server = await scriptedServer([
      { status, json: problem(status, 'x'), headers: { 'retry-after': '1' } },
    ]);
    const { client } = clientFor(server.url);
    expect(await failureOf(client.documents.get('a'))).toMatchObject({ status });
    expect(server.requests).toHaveLength(1);
  });

  it('repeats a fact under one Idempotency-Key, and gives every call a key of its own', async () => {
    await using server = await scriptedServer([
      { status: 502, text: 'bad gateway' },
      { json: { mode: 'none', sessionId: 's' } },
    ]);
    const { client } = clientFor(server.url);
    await client.addFact({ text: 'a', infer: 'none' });
    await client.addFact({ text: 'a', infer: 'none' });
    await client.addFacts({ messages: [{ role: 'user', content: 'a' }] }, { idempotencyKey: 'mine' });
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(4);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(keys[2]).not.toBe(keys[1]);
    expect(keys[3]).toBe('mine');
  });

  it('does not repeat what is not known to be safe', async () => {
    await using server = await scriptedServer([{ status: 500, json: problem(500, 'internal') }]);
    const { client } = clientFor(server.url);
    await failureOf(client.keys.mint('admin', 'ci'));
    await failureOf(client.contexts.create('x', { namespace: 'n', database: 'd' }));
    await failureOf(client.documents.delete('a'));
    expect(server.requests).toHaveLength(3);
  });

  it('stops trying when the caller aborts', async () => {
    await using server = await scriptedServer([{ status: 503, json: problem(503, 'unavailable') }]);
    const controller = new AbortController();
    const { client } = clientFor(server.url, {
      sleep: (_ms, signal) => {
        controller.abort(new Error('enough'));
        signal?.throwIfAborted();
        return Promise.resolve();
      },
    });
    const error = await failureOf(client.addFact({ text: 'a' }, { signal: controller.signal }));
    expect(error).toMatchObject({ message: 'enough' });
    expect(server.requests).toHaveLength(1);
  });
});
