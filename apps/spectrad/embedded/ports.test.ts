import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { choosePort, portOf } from './ports.js';

const HOST = '127.0.0.1';
const servers: Server[] = [];

function occupy(host = HOST): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    servers.push(server);
    server.once('error', reject);
    server.listen(0, host, () => {
      resolve((server.address() as { port: number }).port);
    });
  });
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

describe('choosePort', () => {
  it('takes the first candidate that is free', async () => {
    const wanted = await occupy();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await choosePort([wanted], HOST)).toBe(wanted);
  });

  it('gives way to the next candidate, then to any free port, when one is taken', async () => {
    const taken = await occupy();
    const second = await occupy();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await choosePort([taken, second], HOST)).toBe(second);
    const other = await choosePort([taken], HOST);
    expect(other).not.toBe(taken);
    expect(other).toBeGreaterThan(0);
  });

  it('sees a port that is taken on all addresses', async () => {
    const taken = await occupy('0.0.0.0');
    expect(await choosePort([taken], HOST)).not.toBe(taken);
  });

  it('passes over a reserved port', async () => {
    const free = await occupy();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await choosePort([null, undefined, free], HOST, new Set([free]))).not.toBe(free);
  });
});

describe('portOf', () => {
  it('reads the port of every address that has one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 65_535 }),
        fc.constantFrom('', 'http://', 'ws://'),
        fc.constantFrom('', '/', '/rpc'),
        (port, scheme, path) => {
          expect(portOf(`${scheme}127.0.0.1:${port}${path}`)).toBe(port);
        },
      ),
    );
  });

  it('is null for what has none', () => {
    expect([null, undefined, '', 'localhost', 'http://localhost', 'x:0', 'x:99999'].map(portOf)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});
