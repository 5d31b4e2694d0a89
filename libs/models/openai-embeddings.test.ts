import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openAiEmbeddings, type OpenAiEmbeddingsOptions } from './openai-embeddings.js';

interface Received {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: { readonly model: string; readonly input: readonly string[] };
}
/** What the endpoint does with one request; the last one stays for all that follow. */
type Answer = (received: Received, response: ServerResponse) => void;

const KEY = 'sk-test-0123456789abcdef';

const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};
/** The wire format of the real API; the vector tells which text it is for. */
const answer = (vectorOf: (text: string, index: number) => readonly number[]): Answer => {
  return ({ body }, response) => {
    const data = body.input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text, index) }));
    json(response, 200, { object: 'list', data, model: body.model, usage: { prompt_tokens: 8, total_tokens: 8 } });
  };
};
const good = answer((text) => [text.length, 0.5, -1]);
const refuse = (status: number, message: string, headers: Record<string, string> = {}): Answer => {
  return (_, response) => {
    json(response, status, { error: { message, type: 'invalid_request_error', param: null, code: null } }, headers);
  };
};
const raw = (body: string): Answer => {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  };
};

describe('openAiEmbeddings', () => {
  let server: Server;
  let url: string;
  let script: Answer[];
  let received: Received[];

  beforeEach(async () => {
    script = [good];
    received = [];
    server = createServer((request, response) => {
      void readBody(request).then((body) => {
        const seen = { path: request.url, authorization: request.headers.authorization, body };
        received.push(seen);
        const step = script.length > 1 ? script.shift() : script[0];
        step?.(seen, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const model = (options: Partial<OpenAiEmbeddingsOptions> = {}): ReturnType<typeof openAiEmbeddings> =>
    openAiEmbeddings({ url, model: 'tiny', apiKey: KEY, dimensions: 3, retries: 2, retryDelayMs: 1, ...options });
  const failure = (code: string, retryable: boolean, message: RegExp): unknown =>
    expect.objectContaining({ code, retryable, message: expect.stringMatching(message) as unknown });

  it('sends what the API documents and gives the vectors', async () => {
    await expect(model().embed(['ab', 'c'])).resolves.toEqual([
      [2, 0.5, -1],
      [1, 0.5, -1],
    ]);
    expect(received).toEqual([
      { path: '/v1/embeddings', authorization: `Bearer ${KEY}`, body: { model: 'tiny', input: ['ab', 'c'] } },
    ]);
  });

  it('sends no authorization without a key, and nothing at all for no texts', async () => {
    await model({ apiKey: undefined, url: `${url}/` }).embed(['a']);
    await expect(model().embed([])).resolves.toEqual([]);
    expect(received).toEqual([expect.objectContaining({ path: '/v1/embeddings', authorization: undefined })]);
  });

  it('cuts many texts into batches and keeps their order', async () => {
    const texts = Array.from({ length: 7 }, (_, index) => 'x'.repeat(index + 1));
    const vectors = await model({ maxBatch: 3 }).embed(texts);
    expect(vectors.map(([length]) => length)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(received.map(({ body }) => body.input.length)).toEqual([3, 3, 1]);
  });

  it('goes by the index of an answer, not by its order', async () => {
    script = [
      (_, response) => {
        json(response, 200, {
          data: [
            { index: 1, embedding: [2, 2, 2] },
            { index: 0, embedding: [1, 1, 1] },
          ],
        });
      },
    ];
    await expect(model().embed(['a', 'b'])).resolves.toEqual([
      [1, 1, 1],
      [2, 2, 2],
    ]);
  });

  it('sends a space for an empty text, which endpoints refuse', async () => {
    await model().embed(['', 'a']);
    expect(received[0]?.body.input).toEqual([' ', 'a']);
  });

  it.each([
    ['a server error', refuse(500, 'oops')],
    ['an overloaded gateway', refuse(503, 'later')],
    ['a rate limit', refuse(429, 'slow down')],
    ['broken JSON', raw('{"data": [{"embedding": [1, 2')],
    ['a page instead of JSON', raw('<html>Bad gateway</html>')],
    ['a vector with a hole', raw('{"data":[{"index":0,"embedding":[1,null,2]}]}')],
    ['a closed connection', ((_, response) => void response.destroy()) satisfies Answer],
  ])('tries again after %s', async (_, failing) => {
    script = [failing, good];
    await expect(model().embed(['a'])).resolves.toEqual([[1, 0.5, -1]]);
    expect(received).toHaveLength(2);
  });

  it('waits as long as Retry-After says', async () => {
    script = [refuse(429, 'slow down', { 'retry-after': '0.3' }), good];
    const before = performance.now();
    await model().embed(['a']);
    expect(performance.now() - before).toBeGreaterThanOrEqual(290);
  });

  it('gives up at once when Retry-After is longer than anybody waits, and passes it on', async () => {
    script = [refuse(429, 'quota', { 'retry-after': '3600' })];
    await expect(model().embed(['a'])).rejects.toMatchObject({
      code: 'embedding_unavailable',
      retryAfterSeconds: 3600,
    });
    expect(received).toHaveLength(1);
  });

  it('gives up after its attempts', async () => {
    script = [refuse(500, 'oops')];
    await expect(model().embed(['a'])).rejects.toEqual(failure('embedding_unavailable', true, /answered 500/u));
    expect(received).toHaveLength(3);
  });

  it('gives up an endpoint that does not answer in time', async () => {
    script = [() => undefined];
    await expect(model({ timeoutMs: 40, retries: 1 }).embed(['a'])).rejects.toEqual(
      failure('embedding_unavailable', true, /did not answer within 40 ms/u),
    );
  });

  it('says when nobody is there', async () => {
    await new Promise((resolve) => server.close(resolve));
    await expect(model().embed(['a'])).rejects.toEqual(failure('embedding_unavailable', true, /cannot be reached/u));
  });

  it.each([
    ['401', refuse(401, `Incorrect API key provided: ${KEY}`), 'embedding_unauthorized', /SPECTRA_EMBEDDINGS_API_KEY/u],
    ['403', refuse(403, 'no access'), 'embedding_unauthorized', /refused the API key/u],
    ['404', refuse(404, 'The model `tiny` does not exist'), 'embedding_rejected', /does not exist/u],
    ['400', refuse(400, `bad ${KEY}`), 'embedding_rejected', /bad \[key\]/u],
    ['a wrong dimension', answer(() => [1, 2]), 'embedding_dimension_mismatch', /length 2, but 3.*DIMENSIONS=2/u],
    ['too few vectors', raw('{"data":[]}'), 'embedding_invalid_answer', /0 vectors for 1 texts/u],
    ['an index twice', raw('{"data":[{"index":1,"embedding":[1,2,3]}]}'), 'embedding_invalid_answer', /exactly once/u],
  ])('does not try again after %s', async (_, step, code, message) => {
    script = [step];
    const failed = model().embed(['a']);
    await expect(failed).rejects.toEqual(failure(code, false, message));
    await expect(failed).rejects.not.toThrow(KEY);
    expect(received).toHaveLength(1);
  });

  it('stops when it is aborted during a request', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    script = [
      () => {
        controller.abort(reason);
      },
    ];
    await expect(model().embed(['a'], { signal: controller.signal })).rejects.toBe(reason);
    expect(received).toHaveLength(1);
  });

  it('stops when it is aborted while it waits to try again', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    script = [refuse(429, 'slow', { 'retry-after': '20' })];
    // The whole answer is there when the model gets it, so that a turn of the event loop later it is waiting.
    const wholeAnswer: typeof fetch = async (...request) => {
      const response = await fetch(...request);
      const body = await response.text();
      setImmediate(() => {
        controller.abort(reason);
      });
      return new Response(body, response);
    };
    await expect(model({ fetch: wholeAnswer }).embed(['a'], { signal: controller.signal })).rejects.toBe(reason);
    expect(received).toHaveLength(1);
  });

  it.each([{ url: '' }, { model: '' }, { dimensions: 0 }])('refuses to start with %j', (options) => {
    expect(() => model(options)).toThrow(expect.objectContaining({ code: 'embedding_not_configured' }));
  });
});

async function readBody(request: IncomingMessage): Promise<Received['body']> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as Received['body'];
}
