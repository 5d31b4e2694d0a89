import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import pRetry from 'p-retry';

export interface TemporalOptions {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey?: string | undefined;
  readonly tls: boolean;
}

/** How long a starting process waits for the server before it gives up. */
const CONNECT_BUDGET = { retries: 20, minTimeout: 250, maxTimeout: 3_000, factor: 1.6 } as const;

function connectionOptions(options: TemporalOptions): { address: string; apiKey?: string; tls?: true } {
  return {
    address: options.address,
    ...(options.apiKey ? { apiKey: options.apiKey } : {}),
    ...(options.tls || options.apiKey ? { tls: true } : {}),
  };
}

/** A client that connects on first use: a server that is down fails single calls, never the start of a process. */
export function openTemporalClient(options: TemporalOptions): { client: Client; connection: Connection } {
  const connection = Connection.lazy({ ...connectionOptions(options), connectTimeout: 3_000 });
  return { connection, client: new Client({ connection, namespace: options.namespace }) };
}

/** The connection that workers poll by. Waits for the server, bounded. */
export async function connectWorker(options: TemporalOptions, signal: AbortSignal): Promise<NativeConnection> {
  return pRetry(() => NativeConnection.connect(connectionOptions(options)), { ...CONNECT_BUDGET, signal });
}
