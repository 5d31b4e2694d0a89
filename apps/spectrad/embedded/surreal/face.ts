import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { encodeArray, encodeText } from './cbor.js';
import { Connection, type SessionDirectory } from './connection.js';
import type { NativeEngine } from './native-engine.js';
import { deliverNotifications } from './notifications.js';
import { engineFrame } from './rpc-frame.js';

export interface SurrealFace {
  readonly port: number;
  /** Resolves when every connection and session is closed: the engine may then be freed. */
  close(): Promise<void>;
}

/** As a real server's default (SURREAL_WEBSOCKET_MAX_MESSAGE_SIZE). */
const MAX_FRAME_BYTES = 128 * 1024 * 1024;

function offersCbor(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol']?.split(',') ?? [];
  return offered.some((protocol) => protocol.trim() === 'cbor');
}

/** Serves one socket; the promise resolves when the socket and all of its sessions are closed. */
function serve(socket: WebSocket, engine: NativeEngine, directory: SessionDirectory): Promise<void> {
  const send = (frame: Buffer): void => {
    if (socket.readyState === socket.OPEN) socket.send(frame);
  };
  const connection = new Connection(engine, directory, send);
  socket.on('error', () => {
    socket.terminate();
  });
  socket.on('message', (data, isBinary) => {
    if (!isBinary || !Buffer.isBuffer(data)) {
      socket.close(1003, 'CBOR frames only');
      return;
    }
    void connection.receive(data).then(send);
  });
  return new Promise((resolve) => {
    socket.on('close', () => {
      connection
        .close()
        .catch(() => undefined)
        .finally(resolve);
    });
  });
}

/**
 * Puts the WebSocket face of a SurrealDB server before an embedded engine: `/rpc` with the subprotocol `cbor`, and
 * `GET /health`. Sessions are gated by RpcSession: nothing but a sign-in works before a sign-in.
 *
 * Thrown when the port cannot be bound.
 */
export async function openSurrealFace(
  engine: NativeEngine,
  options: { host: string; port: number },
): Promise<SurrealFace> {
  const directory: SessionDirectory = new Map();
  const ownerSession = randomUUID().replaceAll('-', '');
  await engine.execute(engineFrame({ method: 'attach', session: ownerSession }));
  // KILL finds a live query by its id alone, yet wants a database to be selected: the engine's own default one.
  const anyDatabase = encodeArray([encodeText('main'), encodeText('main')]);
  await engine.execute(engineFrame({ method: 'use', params: anyDatabase, session: ownerSession }));

  const open = new Set<Promise<void>>();
  const http = createServer((request, response) => {
    const healthy = request.method === 'GET' && request.url === '/health';
    response.writeHead(healthy ? 200 : 404).end();
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, handleProtocols: () => 'cbor' });
  http.on('upgrade', (request, socket, head) => {
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/rpc' || !offersCbor(request)) {
      socket.end(
        `HTTP/1.1 ${path === '/rpc' ? '400 Bad Request' : '404 Not Found'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const served = serve(webSocket, engine, directory).finally(() => open.delete(served));
      open.add(served);
    });
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port, options.host, resolve);
  });
  void deliverNotifications(engine, directory, ownerSession);

  return {
    port: (http.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => {
        http.close(() => {
          resolve();
        });
      });
      http.closeAllConnections();
      for (const socket of sockets.clients) socket.close(1001);
      // Clients that do not answer the close frame must not hold up the engine's end.
      const impatience = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, 200);
      // Nothing may reach the engine after it is freed, so the sessions are waited for.
      await Promise.all(open);
      clearTimeout(impatience);
      await closed;
    },
  };
}
