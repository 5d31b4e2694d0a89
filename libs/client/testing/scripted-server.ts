import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** One scripted answer; `cut` breaks the connection instead, `silent` never answers. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cut?: 'before-headers' | 'in-body';
  readonly silent?: boolean;
}

type Script = (request: ReceivedRequest, index: number) => ScriptedAnswer | undefined;

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: ReceivedRequest[];
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, answer: ScriptedAnswer): void {
  if (answer.silent) return;
  if (answer.cut === 'before-headers') {
    response.destroy();
    return;
  }
  const json = answer.json === undefined ? undefined : JSON.stringify(answer.json);
  const status = answer.status ?? 200;
  const type = json === undefined ? 'text/plain' : status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...answer.headers });
  if (answer.cut === 'in-body') {
    response.write('{"half":', () => response.destroy());
    return;
  }
  response.end(json ?? answer.text ?? '');
}

/**
 * A loopback HTTP server that records what arrives and answers by `script`; the last answer of an array is repeated.
 */
export async function scriptedServer(script: Script | readonly ScriptedAnswer[]): Promise<ScriptedServer> {
  const requests: ReceivedRequest[] = [];
  const answers: Script =
    typeof script === 'function' ? script : (_request, index) => script[Math.min(index, script.length - 1)];
  const server = createServer((incoming, response) => {
    const answer = (body: Buffer): void => {
      const url = new URL(incoming.url ?? '/', 'http://localhost');
      const request = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        body,
      };
      requests.push(request);
      send(response, answers(request, requests.length - 1) ?? { status: 404, json: { message: 'not scripted' } });
    };
    // A request that its client broke off is one that never came.
    bodyOf(incoming).then(answer, () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
