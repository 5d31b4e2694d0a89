import { createServer } from 'node:net';

/** Where the embedded stack listens unless a port is taken. Postgres and SurrealDB keep off their usual ports on purpose. */
export const DEFAULT_PORTS = {
  api: 9090,
  temporal: 7233,
  temporalUi: 8233,
  postgres: 15432,
  surrealdb: 18000,
} as const;

export type PortName = keyof typeof DEFAULT_PORTS;

/** Listens for a moment; resolves to the bound port, or null when it is taken or not ours to bind. 0 means any. */
function tryPort(port: number, host: string): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.unref();
    server.once('error', () => {
      resolve(null);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : null);
      });
    });
  });
}

/**
 * The first of `candidates` that is free on `host` and not in `reserved`, else any free port.
 *
 * Thrown when no port can be bound on `host`.
 */
export async function choosePort(
  candidates: readonly (number | null | undefined)[],
  host: string,
  reserved: ReadonlySet<number> = new Set(),
): Promise<number> {
  for (const candidate of [...candidates, 0, 0, 0]) {
    if (candidate === null || candidate === undefined || reserved.has(candidate)) continue;
    const port = await tryPort(candidate, host);
    if (port === null || reserved.has(port)) continue;
    return port;
  }
  throw new Error(`There is no free port on ${host}.`);
}

/** The port of a recorded address or URL (`127.0.0.1:7233`, `http://127.0.0.1:8233`); null when it has none. */
export function portOf(address: string | null | undefined): number | null {
  const port = Number(/:(\d+)(?:\/.*)?$/.exec(address ?? '')?.[1]);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
}
