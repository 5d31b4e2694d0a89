import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { ClientSettingsError, ConnectionError, SpectraClient } from './index.js';
import { scriptedServer } from './testing/scripted-server.js';
import { clientFor, failureOf, KEY, MANAGEMENT_KEY, problem } from './testing/test-client.js';

describe('errors', () => {
  it('reads message, code, request id and issues of a problem document', async () => {
    const issues = [{ path: 'labels.0', message: 'write labels as key=value' }];
    await using server = await scriptedServer([{ status: 400, json: problem(400, 'validation_error', { issues }) }]);
    const { client } = clientFor(server.url);
    expect(await failureOf(client.query({ query: 'q' }))).toMatchObject({
      name: 'ApiError',
      message: 'What happened.',
      status: 400,
      code: 'validation_error',
      requestId: 'req-1',
      issues,
    });
  });

  it.each([
    ['a proxy text', { text: 'upstream\n  is gone' }, 'The server answered 404 Not Found: upstream is gone'],
    ['an HTML page', { text: '<html><body>no</body></html>' }, 'The server answered 404 Not Found.'],
    ['nothing', {}, 'The server answered 404 Not Found.'],
    ['another JSON', { json: { title: 'Gone fishing' } }, 'Gone fishing'],
    ['a JSON array', { json: [1] }, 'The server answered 404 Not Found: [1]'],
  ])('makes a sentence of %s', async (_what, answer, message) => {
    await using server = await scriptedServer([{ status: 404, headers: { 'x-trace-id': 'trace-9' }, ...answer }]);
    const { client } = clientFor(server.url);
    expect(await failureOf(client.documents.get('a'))).toMatchObject({
      message,
      code: 'http_404',
      requestId: 'trace-9',
    });
  });

  it('says that the address is another one when a 200 is not JSON', async () => {
    await using server = await scriptedServer([{ text: '<html>router login</html>' }]);
    const { client } = clientFor(server.url);
    const error = await failureOf(client.version());
    expect(error).toMatchObject({ code: 'unexpected_answer' });
    expect((error as Error).message).toContain('is this the address of a Spectra API?');
  });

  it('does not follow a redirect, which would turn a POST into a GET', async () => {
    await using server = await scriptedServer([{ status: 301, headers: { location: 'https://example.org/' } }]);
    const { client } = clientFor(server.url);
    const error = await failureOf(client.query({ query: 'q' }));
    expect(error).toMatchObject({ code: 'redirected' });
    expect((error as Error).message).toContain('https://example.org/');
    expect(server.requests).toHaveLength(1);
  });

  it('says how to start a server when nothing listens, without quoting a key', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    listener.close();
    await once(listener, 'close');
    const { client, pauses } = clientFor(`http://127.0.0.1:${port}`);
    const error = await failureOf(client.documents.list());
    expect(error).toBeInstanceOf(ConnectionError);
    expect((error as Error).message).toBe(
      `Nothing answers at http://127.0.0.1:${port}; is it running? Start it with \`npm start\`.`,
    );
    expect(pauses).toEqual([250, 500, 1000]);
  });

  it('gives up on a server that is silent, once', async () => {
    await using server = await scriptedServer([{ silent: true }]);
    const { client } = clientFor(server.url, { timeoutMs: 40 });
    expect(await failureOf(client.documents.get('a'))).toMatchObject({ name: 'ConnectionError', code: 'TIMEOUT' });
    expect(server.requests).toHaveLength(1);
  });

  it('takes the keys out of an answer that repeats the request', async () => {
    await using server = await scriptedServer([
      { status: 400, text: `bad header: Bearer ${KEY}` },
      { status: 400, json: problem(400, 'x', { message: `no ${MANAGEMENT_KEY}` }) },
    ]);
    const { client } = clientFor(server.url);
    for (const error of [await failureOf(client.documents.get('a')), await failureOf(client.contexts.list())])
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/s3cr3t/);
  });

  it.each([
    ['a key that cannot be sent', { apiKey: 's3cr3t\nX-Evil: 1' }, 'invalid_key'],
    ['a URL of another kind', { url: 'ftp://u:s3cr3t@example.org' }, 'invalid_url'],
    ['a URL with a password', { url: 'http://u:s3cr3t@example.org' }, 'invalid_url'],
    ['no URL', { url: 'example.org s3cr3t' }, 'invalid_url'],
  ])('refuses %s at once, without quoting it', (_what, options, code) => {
    let error: unknown;
    try {
      new SpectraClient({ url: 'http://127.0.0.1:1', ...options });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ClientSettingsError);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain('s3cr3t');
  });

  it('names what is missing before anything is sent', async () => {
    await using server = await scriptedServer([{ json: {} }]);
    const client = new SpectraClient({ url: server.url });
    expect(await failureOf(client.documents.list())).toMatchObject({ code: 'missing_context_id' });
    expect(await failureOf(client.contexts.list())).toMatchObject({ code: 'missing_management_api_key' });
    const keyless = new SpectraClient({ url: server.url, contextId: 'demo' });
    expect(await failureOf(keyless.query({ query: 'q' }))).toMatchObject({ code: 'missing_api_key' });
    expect(server.requests).toHaveLength(0);
  });
});
