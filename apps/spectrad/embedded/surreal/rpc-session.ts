import {
  arrayItems,
  encodeArray,
  encodeMap,
  encodeText,
  encodeUuid,
  isNothing,
  mapFields,
  NULL,
  text,
  uuid,
} from './cbor.js';
import type { NativeEngine } from './native-engine.js';
import { engineFrame, errorOf, RpcRefusal, type RpcRequest } from './rpc-frame.js';

/** Methods that change who the session is. Each waits for the session's running requests and holds back later ones. */
const SIGN_IN = new Set(['signin', 'signup', 'authenticate']);
const FORGET = new Set(['invalidate', 'reset']);
/** What a session may be prepared with before its sign-in; kept here and given to the engine afterwards. */
const MAX_PREPARED_VARIABLES = 100;
const MAX_PREPARED_BYTES = 1024 * 1024;

const notSignedIn = (): RpcRefusal =>
  new RpcRefusal(-32002, 'NotAllowed', 'This session is not signed in: send `signin` or `authenticate` first.');

/**
 * One RPC session of one connection, and the gate before the engine.
 *
 * The embedded engine has no authentication switch: a session that has not signed in is OWNER of everything. So before a
 * sign-in succeeded nothing but the sign-in itself reaches the engine. Even `use` does not (as owner it would create the
 * namespace): it is kept and applied after the sign-in, as are variables; that is the order in which the SDK prepares a
 * forked session. `invalidate` and `reset` turn the engine's session back into an owner, so they run alone: a request that
 * was let through must not be executed after them.
 */
export class RpcSession {
  private signedIn = false;
  private closed = false;
  private preparedUse: Buffer | undefined;
  private prepared: { method: string; params: Buffer }[] = [];
  private preparedBytes = 0;
  private readonly transactions = new Set<string>();
  private exclusive: Promise<unknown> | undefined;
  private readonly running = new Set<Promise<unknown>>();

  /** `id` is the engine's name of the session, made by us: no client can name a session of another connection. */
  constructor(
    private readonly engine: NativeEngine,
    readonly id: string,
  ) {}

  /** Whether notifications of its live queries may be delivered. */
  get mayReceive(): boolean {
    return this.signedIn && !this.closed;
  }

  async attach(): Promise<void> {
    const error = errorOf(await this.send({ method: 'attach' }));
    if (error) throw new RpcRefusal(-32000, 'Internal', 'The engine cannot open a session.');
  }

  /** Executes one request and returns the engine's bare answer. Thrown when the request is refused: RpcRefusal. */
  async handle(request: RpcRequest): Promise<Buffer> {
    if (SIGN_IN.has(request.method)) return this.alone(() => this.signIn(request));
    if (FORGET.has(request.method)) return this.alone(() => this.forget(request));
    if (request.method === 'use') return this.alone(() => this.use(request));
    while (this.exclusive) await this.exclusive;
    if (this.closed) throw new RpcRefusal(-32000, 'NotFound', 'This session is closed.');
    if (!this.signedIn) return this.prepare(request);
    const work = this.execute(request);
    this.running.add(work);
    try {
      return await work;
    } finally {
      this.running.delete(work);
    }
  }

  /** Ends the session: open transactions are cancelled, the engine forgets it. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.signedIn = false;
    await this.cancelTransactions();
    await this.send({ method: 'detach' });
  }

  private async alone(change: () => Promise<Buffer>): Promise<Buffer> {
    const before = this.exclusive;
    const turn = (async () => {
      await before;
      await Promise.allSettled(this.running);
      if (this.closed) throw new RpcRefusal(-32000, 'NotFound', 'This session is closed.');
      return change();
    })();
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.exclusive = settled;
    try {
      return await turn;
    } finally {
      if (this.exclusive === settled) this.exclusive = undefined;
    }
  }

  private async signIn(request: RpcRequest): Promise<Buffer> {
    const answer = await this.send(request);
    if (errorOf(answer)) return answer;
    // A sign-in that succeeded while the connection went away must not revive the session.
    if (this.closed) throw new RpcRefusal(-32000, 'NotFound', 'This session is closed.');
    this.signedIn = true;
    await this.applyPrepared();
    return answer;
  }

  private async forget(request: RpcRequest): Promise<Buffer> {
    this.signedIn = false;
    if (request.method === 'reset') this.dropPrepared();
    await this.cancelTransactions();
    return this.send(request);
  }

  private use(request: RpcRequest): Promise<Buffer> {
    if (this.signedIn) return this.send(request);
    const [namespace, database] = arrayItems(request.params ?? NULL) ?? [];
    for (const name of [namespace, database]) {
      if (!isNothing(name) && text(name ?? NULL, 0) === null)
        throw new RpcRefusal(-32603, 'Validation', 'Expected (ns, db)');
    }
    if ((request.params?.length ?? 0) > MAX_PREPARED_BYTES) throw notSignedIn();
    this.preparedUse = Buffer.from(encodeArray([namespace ?? NULL, database ?? NULL]));
    const selected = {
      ...(namespace === undefined || isNothing(namespace) ? {} : { namespace }),
      ...(database === undefined || isNothing(database) ? {} : { database }),
    };
    return Promise.resolve(encodeMap(selected));
  }

  private prepare(request: RpcRequest): Buffer {
    if ((request.method !== 'let' && request.method !== 'unset') || request.params === undefined) throw notSignedIn();
    this.preparedBytes += request.params.length;
    if (this.prepared.length >= MAX_PREPARED_VARIABLES || this.preparedBytes > MAX_PREPARED_BYTES) throw notSignedIn();
    // A copy: the frame that these bytes lie in is free to go.
    this.prepared.push({ method: request.method, params: Buffer.from(request.params) });
    return NULL;
  }

  private dropPrepared(): void {
    this.prepared = [];
    this.preparedBytes = 0;
    this.preparedUse = undefined;
  }

  private async applyPrepared(): Promise<void> {
    const { prepared, preparedUse } = this;
    this.dropPrepared();
    if (preparedUse) await this.applyUse(preparedUse);
    for (const step of prepared) await this.send(step);
  }

  /** A sign-in below root selects its own namespace and database; what it left open is taken from the kept `use`. */
  private async applyUse(use: Buffer): Promise<void> {
    const [namespace, database] = arrayItems(use) ?? [];
    const statements = encodeArray([encodeText('RETURN session::ns(); RETURN session::db()')]);
    const [ownNamespace, ownDatabase] = (
      arrayItems(await this.send({ method: 'query', params: statements })) ?? []
    ).map((statement) => {
      const result = mapFields(statement)?.get('result');
      return result === undefined || isNothing(result) ? undefined : result;
    });
    if (
      ownNamespace !== undefined &&
      (ownDatabase !== undefined || namespace === undefined || !ownNamespace.equals(namespace))
    )
      return;
    await this.send({ method: 'use', params: encodeArray([namespace ?? NULL, database ?? NULL]) });
  }

  private async execute(request: RpcRequest): Promise<Buffer> {
    // The engine lets any session write in any open transaction; here it belongs to the session that began it.
    if (request.txn !== null && !this.transactions.has(request.txn))
      throw new RpcRefusal(-32603, 'NotFound', 'Transaction not found');
    if (request.method === 'begin') {
      const answer = await this.send(request);
      const transaction = errorOf(answer) ? null : uuid(answer);
      if (transaction !== null) {
        this.transactions.add(transaction);
        if (this.closed) await this.cancelTransactions();
      }
      return answer;
    }
    if (request.method === 'commit' || request.method === 'cancel') {
      const [item] = arrayItems(request.params ?? NULL) ?? [];
      const transaction = item === undefined ? null : uuid(item);
      if (transaction === null || !this.transactions.delete(transaction)) {
        throw new RpcRefusal(-32603, 'NotFound', 'Transaction not found');
      }
    }
    return this.send(request);
  }

  private async cancelTransactions(): Promise<void> {
    const open = [...this.transactions];
    this.transactions.clear();
    for (const transaction of open)
      await this.send({ method: 'cancel', params: encodeArray([encodeUuid(transaction)]) });
  }

  private async send(request: { method: string; params?: Buffer | undefined; txn?: string | null }): Promise<Buffer> {
    const frame = engineFrame({
      method: request.method,
      params: request.params,
      session: this.id,
      txn: request.txn ?? null,
    });
    return Buffer.from(await this.engine.execute(frame));
  }
}
