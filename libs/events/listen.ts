import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { fullJitterMs } from '#libs/stores/postgres/index.js';
import type { Logger } from '#libs/telemetry/index.js';
import { SELF_TEST_PREFIX } from './channel.js';
import { describeError } from './retry.js';
import type { RelayTiming } from './timing.js';

/**
 * - connecting: no connection yet
 * - listening: a notification of its own came back within the limit; polling is only the safety net
 * - polling: connected, but notifications do not arrive (a transaction pooler); the relay polls faster
 * - reconnecting: the connection broke; back-off until the budget is spent
 * - stopped: by `stop`, or because the budget is spent
 */
export type ListenerMode = 'connecting' | 'listening' | 'polling' | 'reconnecting' | 'stopped';

export interface ListenerOptions {
  /** Must reach a session: Postgres itself or a session pooler. */
  readonly url: string;
  readonly channel: string;
  readonly applicationName: string;
  /** Sends a notification over another connection. */
  readonly notify: (payload: string) => Promise<void>;
  readonly timing: RelayTiming;
  readonly logger: Logger;
  readonly random: () => number;
  /** A notification, or a (re)connect: look at the table. */
  readonly onWake: () => void;
  readonly onMode: (mode: ListenerMode) => void;
  readonly onFatal: (error: Error) => void;
}

/** Holds one dedicated connection that LISTENs, proves that it works, and brings it back when it breaks. */
export class Listener {
  #mode: ListenerMode = 'connecting';
  #since = new Date();
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly options: ListenerOptions) {}

  get mode(): ListenerMode {
    return this.#mode;
  }

  get since(): Date {
    return this.#since;
  }

  get healthy(): boolean {
    return this.#mode === 'listening';
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { timing, random, logger } = this.options;
    let lostAtMs = performance.now();
    for (let attempt = 0; !this.#stop.signal.aborted;) {
      try {
        await this.#session(() => {
          attempt = 0;
        });
      } catch (error) {
        if (this.#isStopped()) break;
        if (attempt === 0) lostAtMs = performance.now();
        attempt += 1;
        if (performance.now() - lostAtMs > timing.reconnectBudgetMs) {
          this.#giveUp(error);
          return;
        }
        this.#enter('reconnecting');
        const delayMs = fullJitterMs({ baseMs: timing.reconnectBaseMs, capMs: timing.reconnectCapMs }, attempt, random);
        // One line an outage; the rest of its attempts are for whoever looks closely.
        const level = attempt === 1 ? 'warn' : 'debug';
        logger[level](
          { error: describeError(error), attempt, delayMs: Math.round(delayMs) },
          'outbox listener is cut off',
        );
        await sleep(delayMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
    this.#enter('stopped');
  }

  /** From connect to loss. Always ends by throwing. */
  async #session(onConnected: () => void): Promise<never> {
    const { url, channel, timing, onWake, applicationName } = this.options;
    const client = new pg.Client({
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: 5_000,
      query_timeout: timing.listenSelfTestMs,
      keepAlive: true,
    });
    const echo = new Echo();
    const lost = new Promise<never>((_, reject) => {
      client.on('error', reject);
      client.on('end', () => {
        reject(new Error('the connection ended'));
      });
      this.#stop.signal.addEventListener('abort', () => {
        reject(new Error('stopped'));
      });
    });
    lost.catch(() => undefined); // Heard below, once there is something to lose.
    client.on('notification', ({ payload = '' }) => {
      if (!payload.startsWith(SELF_TEST_PREFIX)) onWake();
      else echo.heard(payload);
    });
    try {
      await Promise.race([client.connect(), lost]);
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
      onConnected();
      for (;;) {
        await this.#check(client, echo, lost);
        await Promise.race([lost, sleep(timing.listenCheckMs, undefined, { ref: false })]);
      }
    } finally {
      echo.giveUp();
      // Not awaited: ending a half-open connection may take forever.
      void client.end().catch(() => undefined);
    }
  }

  /** One self-test. Throws when not even a plain query is answered: the connection is half open. */
  async #check(client: pg.Client, echo: Echo, lost: Promise<never>): Promise<void> {
    const { notify, timing, onWake, logger } = this.options;
    const wasHealthy = this.healthy;
    const payload = `${SELF_TEST_PREFIX}${randomUUID()}`;
    const heard = echo.expect(payload, timing.listenSelfTestMs);
    const sent = await notify(payload).then(
      () => true,
      () => false,
    );
    if (sent && (await Promise.race([heard, lost]))) {
      this.#enter('listening');
      if (!wasHealthy) onWake();
      return;
    }
    await Promise.race([client.query('select 1'), lost]);
    if (this.#mode !== 'polling') {
      logger.warn(
        sent
          ? 'LISTEN works but no notification arrives: is DATABASE_URL a transaction pooler? Use a session pooler or the direct port. Polling meanwhile.'
          : 'the self-test of LISTEN could not be sent; polling meanwhile',
      );
    }
    this.#enter('polling');
    if (!wasHealthy) onWake();
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #giveUp(error: unknown): void {
    const { timing, onFatal } = this.options;
    this.#enter('stopped');
    onFatal(
      new Error(
        `The outbox listener could not reconnect within ${Math.round(timing.reconnectBudgetMs / 1000)} s (SPECTRA_RECONNECT_BUDGET_MS).`,
        { cause: error },
      ),
    );
  }

  #enter(mode: ListenerMode): void {
    if (this.#mode === mode) return;
    this.options.logger.info({ from: this.#mode, to: mode }, 'outbox listener');
    this.#mode = mode;
    this.#since = new Date();
    this.options.onMode(mode);
  }
}

/** Waits for one payload at a time. */
class Echo {
  #expected: string | undefined;
  #resolve: (heard: boolean) => void = () => undefined;

  expect(payload: string, limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs, false);
      this.#expected = payload;
      this.#resolve = (heard) => {
        clearTimeout(timer);
        resolve(heard);
      };
    });
  }

  heard(payload: string): void {
    if (payload === this.#expected) this.#resolve(true);
  }

  giveUp(): void {
    this.#resolve(false);
  }
}
