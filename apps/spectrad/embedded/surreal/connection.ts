import { randomBytes } from 'node:crypto';
import { encodeArray, encodeMap, encodeText, encodeUuid, NULL } from './cbor.js';
import type { NativeEngine } from './native-engine.js';
import { answerFrame, readRequest, RpcRefusal, refusalFrame, type RpcRequest } from './rpc-frame.js';
import { RpcSession } from './rpc-session.js';

/** The application holds one session per Context in use; a bound keeps an unsigned client from filling the memory. */
const MAX_SESSIONS = 1000;

/** All sessions of all connections by the engine's name of them, to route notifications. */
export type SessionDirectory = Map<string, { session: RpcSession; connection: Connection; clientName: string | null }>;

/**
 * One WebSocket connection: the session it starts with, and those that the client attached under names of its own. Names
 * are translated, so a client reaches only sessions of its own connection.
 */
export class Connection {
  private readonly sessions = new Map<string | null, RpcSession>();
  private closed = false;
  private opening: Promise<RpcSession> | undefined;

  constructor(
    private readonly engine: NativeEngine,
    private readonly directory: SessionDirectory,
    readonly deliver: (frame: Buffer) => void,
  ) {}

  /** Answers one frame of the client. Never throws: what goes wrong becomes an error frame. */
  async receive(frame: Buffer): Promise<Buffer> {
    let request: RpcRequest | undefined;
    try {
      request = readRequest(frame);
      return answerFrame(request.id, await this.handle(request));
    } catch (error) {
      const refusal =
        error instanceof RpcRefusal
          ? error
          : new RpcRefusal(-32700, 'Internal', error instanceof Error ? error.message : String(error));
      return refusalFrame(request?.id, refusal);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const name of [...this.sessions.keys()]) await this.detach(name);
  }

  private async handle(request: RpcRequest): Promise<Buffer> {
    switch (request.method) {
      case 'ping':
      case 'health':
        return NULL;
      case 'version':
        return Buffer.from(await this.engine.execute(encodeMap({ method: encodeText('version') })));
      case 'sessions':
        return encodeArray([...this.sessions.keys()].flatMap((name) => (name === null ? [] : [encodeUuid(name)])));
      case 'attach':
        if (request.session === null) throw new RpcRefusal(-32603, 'Validation', 'Expected a session ID');
        if (this.sessions.has(request.session)) throw new RpcRefusal(-32000, 'Validation', 'Session already exists');
        await this.attach(request.session);
        return NULL;
      case 'detach':
        if (request.session === null) throw new RpcRefusal(-32603, 'Validation', 'Expected a session ID');
        this.known(request.session);
        await this.detach(request.session);
        return NULL;
      default:
        return (request.session === null ? await this.ownSession() : this.known(request.session)).handle(request);
    }
  }

  private known(name: string): RpcSession {
    const session = this.sessions.get(name);
    if (!session) throw new RpcRefusal(-32000, 'NotFound', 'Session not found');
    return session;
  }

  private ownSession(): Promise<RpcSession> {
    this.opening ??= this.attach(null);
    return this.opening;
  }

  private async attach(name: string | null): Promise<RpcSession> {
    if (this.sessions.size >= MAX_SESSIONS)
      throw new RpcRefusal(-32000, 'NotAllowed', `A connection has at most ${MAX_SESSIONS} sessions.`);
    const session = new RpcSession(this.engine, uuidV4());
    this.sessions.set(name, session);
    this.directory.set(session.id, { session, connection: this, clientName: name });
    await session.attach();
    if (this.closed) await this.detach(name);
    return session;
  }

  private async detach(name: string | null): Promise<void> {
    const session = this.sessions.get(name);
    if (!session) return;
    this.sessions.delete(name);
    this.directory.delete(session.id);
    await session.close();
  }
}

function uuidV4(): string {
  const bytes = randomBytes(16);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x40;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return bytes.toString('hex');
}
