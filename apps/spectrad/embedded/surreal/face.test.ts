import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CborCodec, Surreal, Table, Uuid } from 'surrealdb';
import { WebSocket } from 'ws';
import { openSurrealFace, type SurrealFace } from './face.js';
import { openNativeEngine, type NativeEngine } from './native-engine.js';
import { ensureRootUser } from './root-user.js';

const PASSWORD = 'a-password-of-this-test';
const ROOT = { username: 'root', password: PASSWORD };
const NOT_SIGNED_IN = /not signed in/;
const codec = new CborCodec({});

let folder = '';
let engine: NativeEngine;
let face: SurrealFace;
const clients: Surreal[] = [];
const sockets: WebSocket[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spectra-surreal-'));
  engine = await openNativeEngine(`rocksdb://${folder}/store`);
  await ensureRootUser(engine, PASSWORD, randomUUID().replaceAll('-', ''));
  face = await openSurrealFace(engine, { host: '127.0.0.1', port: 0 });
  const root = await connect({ authentication: ROOT, namespace: 'test', database: 'one' });
  await root.query(`
    DEFINE NAMESPACE IF NOT EXISTS test; DEFINE DATABASE IF NOT EXISTS one; DEFINE DATABASE IF NOT EXISTS two;
    DEFINE TABLE item; DEFINE TABLE watched;
    DEFINE USER reader ON DATABASE PASSWORD 'reader-password' ROLES VIEWER`);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const socket of sockets.splice(0)) socket.terminate();
});
afterAll(async () => {
  await face.close();
  engine.free();
  rmSync(folder, { recursive: true });
});

async function connect(options: Parameters<Surreal['connect']>[1] = {}): Promise<Surreal> {
  const client = new Surreal();
  clients.push(client);
  await client.connect(`ws://127.0.0.1:${face.port}`, { reconnect: false, ...options });
  return client;
}

interface Answer {
  id?: unknown;
  result?: unknown;
  error?: { message: string };
}

/** A client that sends what it is told, byte by byte. */
async function rawClient() {
  const socket = new WebSocket(`ws://127.0.0.1:${face.port}/rpc`, 'cbor');
  sockets.push(socket);
  const waiting: ((answer: Answer) => void)[] = [];
  const pushed: Answer[] = [];
  socket.on('message', (data: Buffer) => {
    const frame: Answer = codec.decode(new Uint8Array(data));
    if (frame.result !== null && typeof frame.result === 'object' && 'action' in frame.result) pushed.push(frame);
    else waiting.shift()?.(frame);
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const sendBytes = (bytes: Uint8Array): Promise<Answer> => {
    socket.send(bytes);
    return new Promise((resolve) => waiting.push(resolve));
  };
  let id = 0;
  return {
    socket,
    /** Notifications, which answer no request. */
    pushed,
    sendBytes,
    call: (method: string, params?: unknown[], more: Record<string, unknown> = {}) =>
      sendBytes(codec.encode({ id: (id += 1), method, params, ...more })),
  };
}

type RawClient = Awaited<ReturnType<typeof rawClient>>;
const signIn = (client: RawClient, more = {}) => client.call('signin', [{ user: 'root', pass: PASSWORD }], more);
const rootInfo = (client: RawClient, more = {}) => client.call('query', ['INFO FOR ROOT'], more);

async function namespaces(): Promise<string[]> {
  const root = await connect({ authentication: ROOT });
  const [info] = await root.query<[{ namespaces: Record<string, string> }]>('INFO FOR ROOT');
  return Object.keys(info.namespaces);
}

describe('a session that has not signed in', () => {
  const methods =
    'query select create insert insert_relation update upsert merge patch delete relate run live kill info begin commit cancel refresh revoke graphql import export version2 QUERY Query';
  it.each(methods.split(' '))('is refused %s', async (method) => {
    const client = await rawClient();
    const answer = await client.call(method, ['item', {}]);
    expect(answer.error?.message).toMatch(NOT_SIGNED_IN);
    expect(answer.id).toBe(1);
  });

  it('may ask for life, version and its sessions', async () => {
    const client = await rawClient();
    expect(await client.call('ping')).toMatchObject({ result: null });
    expect(await client.call('health')).toMatchObject({ result: null });
    expect((await client.call('version')).result).toMatch(/^surrealdb-\d/);
    expect((await client.call('sessions')).result).toEqual([]);
  });

  it('stays refused after a sign-in that failed', async () => {
    const client = await rawClient();
    expect((await client.call('signin', [{ user: 'root', pass: 'wrong' }])).error).toBeDefined();
    expect((await client.call('authenticate', ['not.a.token'])).error).toBeDefined();
    expect((await client.call('signup', [{ ns: 'test', db: 'one', ac: 'none' }])).error).toBeDefined();
    expect((await rootInfo(client)).error?.message).toMatch(NOT_SIGNED_IN);
  });

  it('creates no namespace by `use`, which applies after the sign-in', async () => {
    const client = await rawClient();
    expect((await client.call('use', ['intruder', 'database'])).result).toEqual({
      namespace: 'intruder',
      database: 'database',
    });
    expect(await namespaces()).not.toContain('intruder');
    await client.call('use', ['test', 'one']);
    await client.call('let', ['answer', 42]);
    await signIn(client);
    const { result } = await client.call('query', ['RETURN [session::ns(), session::db(), $answer]']);
    expect(result).toMatchObject([{ result: ['test', 'one', 42] }]);
  });

  it('cannot keep more variables than the bound', async () => {
    const client = await rawClient();
    const answers = await Promise.all(Array.from({ length: 101 }, (_, n) => client.call('let', [`v${n}`, n])));
    expect(answers.filter((answer) => answer.error)).toHaveLength(1);
  });

  it('gains nothing from a frame with two methods', async () => {
    const client = await rawClient();
    const frame = Buffer.concat([
      Buffer.from([0xa2]),
      codec.encode('method'),
      codec.encode('ping'),
      codec.encode('method'),
      codec.encode('begin'),
    ]);
    expect((await client.sendBytes(frame)).error?.message).toContain('twice');
  });
});

describe('a session that signed in', () => {
  it('is refused again after invalidate and after reset', async () => {
    const client = await rawClient();
    for (const end of ['invalidate', 'reset']) {
      await signIn(client);
      expect((await rootInfo(client)).error).toBeUndefined();
      expect((await client.call(end)).error).toBeUndefined();
      expect((await rootInfo(client)).error?.message).toMatch(NOT_SIGNED_IN);
    }
  });

  it('has nothing executed as owner when requests and invalidate are sent at once', async () => {
    const client = await rawClient();
    await client.call('signin', [{ user: 'reader', pass: 'reader-password', ns: 'test', db: 'one' }]);
    for (let round = 0; round < 20; round += 1) {
      const batch = [
        client.call('query', ['INFO FOR ROOT']),
        client.call('invalidate'),
        client.call('query', ['INFO FOR ROOT']),
      ];
      // The answers come as they are ready; what counts is that none shows the root's view.
      const answers = await Promise.all(batch);
      for (const answer of answers) expect(JSON.stringify(answer)).not.toContain('PASSHASH');
      await client.call('signin', [{ user: 'reader', pass: 'reader-password', ns: 'test', db: 'one' }]);
    }
  });

  it('keeps the rights of its user: a reader of one database reads no other and writes nothing', async () => {
    const root = await connect({ authentication: ROOT, namespace: 'test', database: 'two' });
    await root.query('DEFINE TABLE IF NOT EXISTS item; UPSERT item:secret');
    const reader = await connect({
      namespace: 'test',
      database: 'one',
      authentication: { namespace: 'test', database: 'one', username: 'reader', password: 'reader-password' },
    });
    await expect(reader.query('INFO FOR ROOT')).rejects.toThrow(/permission/i);
    await reader.query('CREATE item:mine').catch(() => undefined);
    await reader.use({ namespace: 'test', database: 'two' });
    expect(await reader.query('SELECT * FROM item').catch(() => [[]])).toEqual([[]]);
    expect(await root.query('USE DB one; SELECT * FROM item')).toEqual([expect.anything(), []]);
  });
});

describe('attached and forked sessions', () => {
  it('start unsigned, whatever their connection is', async () => {
    const client = await rawClient();
    const session = Uuid.v4();
    await signIn(client);
    expect((await client.call('attach', undefined, { session })).error).toBeUndefined();
    expect((await rootInfo(client, { session })).error?.message).toMatch(NOT_SIGNED_IN);
    await signIn(client, { session });
    expect((await rootInfo(client, { session })).error).toBeUndefined();
    await client.call('invalidate');
    expect((await rootInfo(client)).error?.message).toMatch(NOT_SIGNED_IN);
    expect((await rootInfo(client, { session })).error).toBeUndefined();
  });

  it('belong to their connection: another one can neither see, use, attach over nor detach them', async () => {
    const owner = await rawClient();
    const session = Uuid.v4();
    await owner.call('attach', undefined, { session });
    await signIn(owner, { session });
    const intruder = await rawClient();
    expect((await intruder.call('sessions')).result).toEqual([]);
    expect((await rootInfo(intruder, { session })).error?.message).toBe('Session not found');
    expect((await intruder.call('detach', undefined, { session })).error).toBeDefined();
    await intruder.call('attach', undefined, { session });
    expect((await rootInfo(intruder, { session })).error?.message).toMatch(NOT_SIGNED_IN);
    expect((await rootInfo(owner, { session })).error).toBeUndefined();
  });

  it('are gone after detach', async () => {
    const client = await rawClient();
    const session = Uuid.v4();
    await client.call('attach', undefined, { session });
    await signIn(client, { session });
    await client.call('detach', undefined, { session });
    expect((await rootInfo(client, { session })).error?.message).toBe('Session not found');
  });

  it('carry namespace, variables and sign-in of the session that the SDK forks, and then go their own way', async () => {
    const client = await connect({ authentication: ROOT, namespace: 'test', database: 'one' });
    await client.set('shared', 7);
    const fork = await client.forkSession();
    expect(await fork.query('RETURN [session::db(), $shared]')).toEqual([['one', 7]]);
    await fork.use({ namespace: 'test', database: 'two' });
    expect(await client.query('RETURN session::db()')).toEqual(['one']);
    expect(await fork.query('RETURN session::db()')).toEqual(['two']);
  });
});

describe('transactions', () => {
  it('show their writes to nobody before the commit, and a cancelled one to nobody', async () => {
    const client = await connect({ authentication: ROOT, namespace: 'test', database: 'one' });
    await client.query('DEFINE TABLE IF NOT EXISTS entry; DELETE entry');
    const kept = await client.beginTransaction();
    await kept.query('CREATE entry:kept');
    expect(await client.query('SELECT * FROM entry')).toEqual([[]]);
    await kept.commit();
    const dropped = await client.beginTransaction();
    await dropped.query('CREATE entry:dropped');
    await dropped.cancel();
    expect(await client.query('SELECT VALUE record::id(id) FROM entry')).toEqual([['kept']]);
  });

  it('cannot be used, committed or cancelled by another session', async () => {
    const owner = await rawClient();
    await owner.call('use', ['test', 'one']);
    await signIn(owner);
    const { result: txn } = await owner.call('begin');
    const intruder = await rawClient();
    await intruder.call('use', ['test', 'one']);
    await signIn(intruder);
    expect((await intruder.call('query', ['CREATE entry:foreign'], { txn })).error?.message).toBe(
      'Transaction not found',
    );
    expect((await intruder.call('commit', [txn])).error?.message).toBe('Transaction not found');
    expect((await intruder.call('cancel', [txn])).error?.message).toBe('Transaction not found');
    expect((await owner.call('commit', [txn])).error).toBeUndefined();
  });

  it('report a conflict as one that can be retried', async () => {
    const client = await connect({ authentication: ROOT, namespace: 'test', database: 'one' });
    await client.query('DEFINE TABLE IF NOT EXISTS entry; UPSERT entry:fought');
    const [first, second] = [await client.beginTransaction(), await client.beginTransaction()];
    await first.query('UPDATE entry:fought SET by = 1');
    await second.query('UPDATE entry:fought SET by = 2');
    await first.commit();
    await expect(second.commit()).rejects.toThrow(/can be retried/);
  });
});

describe('live queries', () => {
  it('deliver writes of other connections to the session that asked, and to no other', async () => {
    const watcher = await connect({ authentication: ROOT, namespace: 'test', database: 'one' });
    const bystander = await connect({ authentication: ROOT, namespace: 'test', database: 'one' });
    const fork = await watcher.forkSession();
    let notes: Record<'own' | 'fork', (message: { action: string }) => void> = {
      own: () => undefined,
      fork: () => undefined,
    };
    const seen: string[] = [];
    const arrived = new Promise<void>((resolve) => {
      const note = (who: string) => (message: { action: string }) => {
        seen.push(`${who} ${message.action}`);
        if (seen.length === 2) resolve();
      };
      notes = { own: note('own'), fork: note('fork') };
    });
    (await watcher.live(new Table('watched'))).subscribe(notes.own);
    (await fork.live(new Table('watched'))).subscribe(notes.fork);
    await bystander.query('CREATE watched:first');
    await arrived;
    expect(seen.sort()).toEqual(['fork CREATE', 'own CREATE']);
  });

  it('end with their session: nothing more arrives after invalidate', async () => {
    const writer = await connect({ authentication: ROOT, namespace: 'test', database: 'one' });
    const client = await rawClient();
    await client.call('use', ['test', 'one']);
    await signIn(client);
    expect((await client.call('live', ['watched'])).error).toBeUndefined();
    await client.call('invalidate');
    const witness = await rawClient();
    await witness.call('use', ['test', 'one']);
    await signIn(witness);
    await witness.call('live', ['watched']);
    const all = new Promise<void>((resolve) => {
      witness.socket.on('message', () => {
        if (witness.pushed.length === 2) resolve();
      });
    });
    await writer.query('CREATE watched:second');
    await writer.query('CREATE watched:third');
    await all;
    // Its own answer comes behind anything that was delivered before.
    await client.call('ping');
    expect(client.pushed).toEqual([]);
  });
});

describe('the HTTP side', () => {
  it('answers health, and nothing else', async () => {
    expect((await fetch(`http://127.0.0.1:${face.port}/health`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${face.port}/sql`, { method: 'POST', body: 'INFO FOR ROOT' })).status).toBe(
      404,
    );
    expect((await fetch(`http://127.0.0.1:${face.port}/rpc`, { method: 'POST', body: '{}' })).status).toBe(404);
  });

  it('refuses a WebSocket without the CBOR subprotocol or on another path', async () => {
    for (const [path, protocols] of [
      ['/rpc', []],
      ['/rpc', ['json']],
      ['/other', ['cbor']],
    ] as const) {
      const socket = new WebSocket(`ws://127.0.0.1:${face.port}${path}`, [...protocols]);
      await expect(
        new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject)),
      ).rejects.toThrow(/40[04]/);
    }
  });

  it('ends a connection that sends text', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${face.port}/rpc`, 'cbor');
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send('{"method":"ping"}');
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(1003);
  });
});

describe('the root user', () => {
  it('fits the password of the last start', async () => {
    await ensureRootUser(engine, 'another-password-now', randomUUID().replaceAll('-', ''));
    await expect(connect({ authentication: ROOT })).rejects.toThrow();
    await ensureRootUser(engine, PASSWORD, randomUUID().replaceAll('-', ''));
    await connect({ authentication: ROOT });
  });
});
