import { setTimeout as sleep } from 'node:timers/promises';
import { fault as compiledInFault, type Logger } from '#libs/telemetry/index.js';
import { outboxChannel } from './channel.js';
import { Circuit } from './circuit.js';
import { CLAIM_LIMIT, Claimer } from './claimer.js';
import { Deliverer } from './deliver.js';
import { ShutdownError, type DependencyDownError } from './errors.js';
import { HandlerRegistry } from './handler.js';
import { HeldRows, type HeldRow } from './held-row.js';
import { LeaseKeeper } from './lease-keeper.js';
import { Ledger } from './ledger.js';
import { Listener, type ListenerMode } from './listen.js';
import type { RelayOptions, RelayStatus } from './relay-options.js';
import { release } from './release.js';
import { describeError } from './retry.js';
import { DEFAULT_RELAY_TIMING, type RelayTiming } from './timing.js';
import { Wake } from './wake.js';

const DEFAULT_CONCURRENCY = 100;
/** How long a claim may wait for more free slots before it takes the few there are. */
const REFILL_PATIENCE_MS = 5;
/** Least time between claims that found less than they asked for: a storm of notifications is no storm of claims. */
const QUIET_GAP_MS = 3;
/** After the grace, how long stop() waits for aborted work to let go before it releases the rows over its head. */
const STOP_PATIENCE_MS = 2_000;

/**
 * The outbox relay of one generation: takes the rows of `core.outbox` that carry its generation to their handlers.
 * The table decides, a notification only wakes; only database time decides leases.
 *
 * A ROW goes
 *
 *   pending   -> in_flight   CLAIM: own generation, due, SKIP LOCKED; token, lease and attempt are stamped (claim.ts)
 *   in_flight -> delivered   DELIVER: every handler is done; gate, effects and mark commit together (deliver.ts, settle.ts)
 *   in_flight -> pending     RETRY: a handler failed and may heal; waits with back-off (retry.ts, mark.ts)
 *   in_flight -> failed      FAIL: a terminal error, or the attempts are spent: a dead letter
 *   in_flight -> pending     RELEASE: shutdown, or a failure of the infrastructure; the attempt is given back (release.ts)
 *   in_flight -> pending     REAP: its lease expired; the attempt stays spent, and it is claimed alone from then on (reap.ts)
 *   in_flight -> failed      REAP: its lease expired and its attempts are spent
 *   failed    -> pending     core.outbox_replay(ids), by an operator
 *
 * While a row is held its lease is RENEWed at a third of its TTL (renew.ts). A lease that is lost aborts the row's
 * handlers; whatever they still do cannot commit, because every mark asks for the token of their claim.
 *
 * The RELAY goes
 *
 *   idle -> running      start(): the first claim follows at once; LISTEN is set up beside it (listen.ts)
 *   running -> stopping  stop(): no more claims; what is in flight may finish within the grace
 *   stopping -> stopped  the rest is RELEASEd
 *
 * and while running each turn of its loop is one of
 *
 *   PAUSE   a circuit is open (a dependency is down as a whole) or every slot is taken
 *   LAPSED  a row came back from an expired lease: wait until nothing is held, claim it alone, see it through
 *   CLAIM   up to 50 rows, never more than slots are free; with a backlog, larger claims side by side (claimer.ts)
 *   SLEEP   until a notification, a released slot or the poll interval (5 s while LISTEN is proven, 1 s while not)
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #timing: RelayTiming;
  readonly #logger: Logger;
  readonly #fault: (point: string) => Promise<void>;
  readonly #held: HeldRows;
  readonly #circuit: Circuit;
  readonly #claimer: Claimer;
  readonly #deliverer: Deliverer;
  readonly #leases: LeaseKeeper;
  readonly #listener: Listener;
  readonly #ledger: Ledger;
  readonly #wake = new Wake();
  readonly #deliveries = new Set<Promise<void>>();
  readonly #retryTimers = new Set<NodeJS.Timeout>();
  /** Rows to be given back, kept until the database takes them. */
  #leftovers: HeldRow[] = [];
  #state: RelayStatus['state'] = 'idle';
  #loop: Promise<void> = Promise.resolve();
  #lastPollAt: Date | undefined;
  #claimError: string | undefined;

  /** Thrown when the generation is missing, or HANDLER_MAX is not smaller than the claim TTL. */
  constructor(options: RelayOptions) {
    const { pool, generation, workerId, random = Math.random } = options;
    this.#options = options;
    this.#timing = { ...DEFAULT_RELAY_TIMING, ...options.timing };
    check(options, this.#timing);
    const logger = options.logger.child({ component: 'outbox-relay', workerId });
    const registry = new HandlerRegistry(options.handlers);
    const { claimTtlMs } = this.#timing;
    const claimant = { generation, workerId, claimTtlMs, beforeHandlers: registry.beforeHandlers() };
    this.#logger = logger;
    this.#fault = options.fault ?? compiledInFault;
    this.#held = new HeldRows(options.concurrency ?? DEFAULT_CONCURRENCY);
    this.#circuit = new Circuit(random, () => new Date());
    this.#ledger = new Ledger(logger, options.metrics);
    this.#deliverer = new Deliverer(
      { pool, handlerMaxMs: this.#timing.handlerMaxMs, random, fault: this.#fault },
      registry,
      Math.floor(pool.options.max / 2),
    );
    this.#claimer = new Claimer({
      pool,
      claimant,
      held: this.#held,
      circuit: this.#circuit,
      pollMs: () => this.#pollMs(),
      isRunning: () => this.#isRunning(),
      take: (rows) => {
        this.#take(rows);
      },
    });
    this.#leases = new LeaseKeeper({
      db: pool,
      claimant,
      held: this.#held,
      registry,
      reaperIntervalMs: this.#timing.reaperIntervalMs,
      logger,
      onReaped: () => {
        this.#claimer.expectLapsed();
        this.#wake.ring();
      },
    });
    this.#listener = this.#createListener(outboxChannel(generation), random);
  }

  /** Begins to claim at once. Resolves when the leases that expired meanwhile were reaped; never waits for LISTEN. */
  async start(): Promise<void> {
    if (this.#state !== 'idle') throw new Error('A relay can be started once.');
    this.#state = 'running';
    this.#listener.start();
    this.#loop = this.#run();
    await this.#leases.start();
  }

  /**
   * Stops claiming at once, lets what is in flight finish for up to `graceMs`, releases the rest with its attempt given
   * back. Afterwards nothing is leased to this relay (unless the database is gone: then the leases run out).
   */
  async stop({ graceMs }: { graceMs: number }): Promise<void> {
    if (this.#state !== 'running') return this.#loop;
    this.#state = 'stopping';
    this.#wake.ring();
    for (const timer of this.#retryTimers) clearTimeout(timer);
    await this.#listener.stop();
    if (!(await this.#held.whenEmpty(graceMs))) {
      this.#logger.warn({ inFlight: this.#held.size }, 'shutdown grace is over; releasing what is in flight');
      for (const row of this.#held.all()) row.abort.abort(new ShutdownError());
    }
    const work = Promise.all([this.#loop, this.#leases.stop(), ...this.#deliveries]);
    await Promise.race([work, sleep(STOP_PATIENCE_MS, undefined, { ref: false })]);
    for (const row of this.#held.all()) this.#giveBack(row);
    try {
      await this.#releaseLeftovers();
    } catch (error) {
      const rows = this.#leftovers.length;
      this.#logger.error({ error: describeError(error), rows }, 'could not release claims; their leases run out');
    }
    this.#state = 'stopped';
  }

  /** A snapshot for /health and the worker row. */
  status(): RelayStatus {
    const { mode, healthy, since } = this.#listener;
    return {
      state: this.#state,
      listener: { mode, healthy, since },
      circuit: this.#circuit.status(),
      lastPollAt: this.#lastPollAt,
      claimError: this.#claimError,
      inFlight: this.#held.size,
      ...this.#ledger.counts,
    };
  }

  async #run(): Promise<void> {
    while (this.#isRunning()) {
      if (await this.#turn()) {
        await this.#held.whenFree(Math.min(CLAIM_LIMIT, Math.ceil(this.#held.capacity / 2)), REFILL_PATIENCE_MS);
        continue;
      }
      await sleep(QUIET_GAP_MS);
      if (!this.#isRunning()) return;
      const rung = await this.#wake.wait(Math.min(this.#pollMs(), this.#circuit.probeInMs(performance.now())));
      if (!rung) this.#claimer.widen();
    }
  }

  /** One turn. A database that fails is tried again at the next poll. @returns whether there may be more to claim */
  async #turn(): Promise<boolean> {
    try {
      await this.#releaseLeftovers();
      const more = await this.#claimer.turn();
      this.#lastPollAt = new Date();
      this.#claimError = undefined;
      return more;
    } catch (error) {
      const text = describeError(error);
      if (this.#claimError !== text)
        this.#logger.error({ error: text }, 'outbox claim failed; trying again at each poll');
      this.#claimError = text;
      return false;
    }
  }

  #take(rows: HeldRow[]): void {
    if (rows.length === 0) return;
    for (const row of rows) this.#held.add(row);
    const delivery = this.#deliverAll(rows).finally(() => this.#deliveries.delete(delivery));
    this.#deliveries.add(delivery);
  }

  async #deliverAll(rows: readonly HeldRow[]): Promise<void> {
    try {
      if (!this.#isRunning()) throw new ShutdownError(); // The claim was under way when stop() came.
      await this.#fault('after-claim');
    } catch (error) {
      this.#logger.warn({ error: describeError(error), rows: rows.length }, 'claim given back');
      for (const row of rows) this.#giveBack(row);
      return;
    }
    await Promise.all(rows.map((row) => this.#deliver(row)));
  }

  async #deliver(row: HeldRow): Promise<void> {
    const startDelayMs = row.waitedMs + performance.now() - row.claimedAtMs;
    try {
      const delivery = await this.#deliverer.deliver(row);
      if (delivery.kind === 'give-back') {
        if (delivery.because === 'dependency') this.#dependencyDown(delivery.error);
        this.#giveBack(row);
        return;
      }
      this.#ledger.settled(row, delivery, startDelayMs);
      if (delivery.kind === 'retried') this.#wakeAfter(delivery.delayMs);
      if (delivery.kind !== 'lost') this.#dependencyPassed();
    } catch (error) {
      this.#ledger.unsettled(row, error);
    } finally {
      this.#held.remove(row);
    }
  }

  /** A retry that is due before the next poll should not wait for it. */
  #wakeAfter(delayMs: number): void {
    if (delayMs >= this.#timing.pollHealthyMs || !this.#isRunning()) return;
    const timer = setTimeout(() => {
      this.#retryTimers.delete(timer);
      this.#wake.ring();
    }, delayMs);
    this.#retryTimers.add(timer);
  }

  #giveBack(row: HeldRow): void {
    this.#leftovers.push(row);
    this.#held.remove(row);
    this.#wake.ring();
  }

  async #releaseLeftovers(): Promise<void> {
    if (this.#leftovers.length === 0) return;
    const rows = new Set(this.#leftovers);
    await release(this.#options.pool, [...rows]);
    this.#leftovers = this.#leftovers.filter((row) => !rows.has(row));
  }

  #dependencyDown(error: DependencyDownError): void {
    const { dependency } = error;
    if (!this.#circuit.trip(dependency, performance.now())) return;
    this.#logger.error(
      { dependency, error: describeError(error) },
      'dependency is down; claiming pauses, rows stay pending',
    );
    this.#options.metrics?.onCircuit?.(this.#circuit.status());
  }

  #dependencyPassed(): void {
    if (!this.#circuit.passed()) return;
    this.#logger.info('dependency is back; claiming goes on');
    this.#options.metrics?.onCircuit?.(this.#circuit.status());
    this.#wake.ring();
  }

  #createListener(channel: string, random: () => number): Listener {
    const { pool, listenUrl, workerId, onFatal } = this.#options;
    return new Listener({
      url: listenUrl,
      channel,
      applicationName: `spectra-listen ${workerId}`,
      notify: async (payload) => {
        await pool.query('select pg_notify($1, $2)', [channel, payload]);
      },
      timing: this.#timing,
      logger: this.#logger,
      random,
      onWake: () => {
        this.#wake.ring();
      },
      onMode: (mode) => {
        this.#listenerChanged(mode);
      },
      onFatal: (error) => {
        this.#logger.fatal({ error: describeError(error) }, 'outbox relay gives up');
        onFatal?.(error);
      },
    });
  }

  #listenerChanged(mode: ListenerMode): void {
    const { onStateChange, metrics } = this.#options;
    metrics?.onListenerHealthy?.(mode === 'listening');
    if (mode === 'reconnecting') onStateChange?.('reconnecting');
    if (mode === 'listening' || mode === 'polling') {
      this.#claimer.widen();
      onStateChange?.('running');
    }
  }

  #isRunning(): boolean {
    return this.#state === 'running';
  }

  #pollMs(): number {
    return this.#listener.healthy ? this.#timing.pollHealthyMs : this.#timing.pollDegradedMs;
  }
}

function check({ generation, concurrency = DEFAULT_CONCURRENCY }: RelayOptions, timing: RelayTiming): void {
  if (!Number.isSafeInteger(generation) || generation < 1) {
    throw new Error('SPECTRA_GENERATION is not set: a relay claims only the events of its own generation.');
  }
  if (timing.handlerMaxMs >= timing.claimTtlMs) {
    throw new Error('SPECTRA_HANDLER_MAX_MS must be smaller than SPECTRA_CLAIM_TTL_MS, or live claims are taken over.');
  }
  if (concurrency < 1) throw new Error('The relay needs a concurrency of at least 1.');
}
