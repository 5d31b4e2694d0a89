import type { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, DefaultLogger } from '@temporalio/worker';
import { openTemporalClient } from '../connection.js';
import { RECORDER } from './recorded-history.js';
import { bundleSources } from './source-bundle.js';

/** One client and workers of today's sources, on the Temporal server of the test run. */
export class TestTemporal {
  readonly #connection: Connection;
  readonly #native: NativeConnection;

  private constructor(
    readonly client: Client,
    readonly bundle: { readonly code: string },
    readonly namespace: string,
    connections: { connection: Connection; native: NativeConnection },
  ) {
    this.#connection = connections.connection;
    this.#native = connections.native;
  }

  /** @param address host:port of the server */
  static async open(address: string, namespace = 'default'): Promise<TestTemporal> {
    Runtime.install({
      shutdownSignals: [],
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { forward: {}, filter: 'error' } },
    });
    const { client, connection } = openTemporalClient({ address, namespace, tls: false });
    const [native, { code }] = await Promise.all([NativeConnection.connect({ address }), bundleSources()]);
    return new TestTemporal(client, { code }, namespace, { connection, native });
  }

  /** Runs a worker on one queue until the body ends; what runs then is cancelled. @returns what the body returned */
  async withWorker<T>(taskQueue: string, activities: object, body: () => Promise<T>): Promise<T> {
    const worker = await Worker.create({
      connection: this.#native,
      namespace: this.namespace,
      identity: RECORDER,
      taskQueue,
      activities,
      workflowBundle: this.bundle,
      workflowThreadPoolSize: 1,
      // Beats go out as they come, so that a cancellation is noticed at the next one.
      maxHeartbeatThrottleInterval: 100,
      shutdownForceTime: '5 seconds',
    });
    return worker.runUntil(body);
  }

  async close(): Promise<void> {
    await this.#native.close();
    await this.#connection.close();
    // Its threads would keep the test run alive.
    await Runtime.instance().shutdown();
  }
}
