import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy that can cut all its connections in the middle of what a client sends. */
export class CutProxy {
  #sent = 0;
  #cuts = 0;
  #cut: { readonly afterBytes: number; readonly delayMs: number } | undefined;
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(target: { readonly hostname: string; readonly port: string }): Promise<CutProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const proxy = new CutProxy(server, typeof address === 'object' && address ? address.port : 0);
    server.on('connection', (client) => {
      proxy.#join(client, connect(Number(target.port), target.hostname));
    });
    return proxy;
  }

  /** Bytes that clients have sent since the last `arm`. */
  get sent(): number {
    return this.#sent;
  }

  /** Cuts so far. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Cuts all connections `delayMs` after so many more bytes were sent by clients; what follows them is never sent. */
  arm(cut: { readonly afterBytes: number; readonly delayMs: number } | undefined): void {
    this.#sent = 0;
    this.#cut = cut;
  }

  async close(): Promise<void> {
    this.server.close();
    this.#cutAll();
    await once(this.server, 'close');
  }

  #join(client: Socket, upstream: Socket): void {
    const pair = [client, upstream] as const;
    this.#pairs.add(pair);
    for (const [socket, other] of [pair, [upstream, client]] as const) {
      socket.on('error', () => undefined); // 'close' follows.
      socket.once('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
    upstream.on('data', (data) => client.write(data));
    client.on('data', (data) => {
      const cut = this.#cut;
      const room = cut ? cut.afterBytes - this.#sent : Infinity;
      this.#sent += data.length;
      if (room > 0) upstream.write(data.subarray(0, room));
      if (!cut || data.length < room) return;
      this.#cut = undefined;
      this.#cuts += 1;
      client.pause();
      setTimeout(() => {
        this.#cutAll();
      }, cut.delayMs);
    });
  }

  #cutAll(): void {
    for (const [client, upstream] of this.#pairs) {
      client.destroy();
      upstream.destroy();
    }
  }
}
