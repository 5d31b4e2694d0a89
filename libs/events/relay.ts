import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { fault as compiledInFault, type Logger } from '#libs/telemetry/index.js';
import { outboxChannel } from './channel.js';
import { Circuit, type CircuitStatus } from './circuit.js';
import { anyLapsed, claimBatch, claimLapsed, type Claimant } from './claim.js';
import { ClaimWindow } from './claim-window.js';
import { Deliverer, type Delivery } from './deliver.js';
import type { EventEnvelope } from './envelope.js';
import { LeaseLostError, ShutdownError } from './errors.js';
import type { HandledKeys } from './gate.js';
import { HandlerRegistry, type EventHandler } from './handler.js';
import { HeldRows, type HeldRow } from './held-row.js';
import { Listener, type ListenerMode } from './listen.js';
import { reap } from './reap.js';
import { release } from './release.js';
import { renew } from './renew.js';
import { describeError, describeFailures, type HandlerFailure } from './retry.js';
import { DEFAULT_RELAY_TIMING, type RelayTiming } from './timing.js';
import { Wake } from './wake.js';

export interface RelayMetrics {
  /** @param startDelayMs from when the row could be claimed (its insert) to the start of its handlers */
  onDelivered?(event: EventEnvelope, startDelayMs: number): void;
  /** The row became a dead letter. */
  onFailed?(event: EventEnvelope, failures: readonly HandlerFailure[]): void;
  onRetried?(event: EventEnvelope, failures: readonly HandlerFailure[], delayMs: number): void;
  onListenerHealthy?(healthy: boolean): void;
  onCircuit?(status: CircuitStatus): void;
}

export interface RelayOptions {
  /** At least 6 connections: claim, renewal, reaper, and three or more for deliveries. */
  readonly pool: Pool;
  /** For the dedicated LISTEN connection; may bypass a pooler that `pool` goes through. */
  readonly listenUrl: string;
  readonly generation: number;
  readonly workerId: string;
  readonly handlers: readonly EventHandler[];
  readonly timing?: Partial<RelayTiming>;
  /** Rows held at once, at most. */
  readonly concurrency?: number;
  readonly logger: Logger;
  /** `reconnecting` while the listening connection is down. */
  readonly onStateChange?: (state: 'running' | 'reconnecting') => void;
  /** The reconnect budget is spent: the process should exit non-zero. */
  readonly onFatal?: (error: Error) => void;
  readonly metrics?: RelayMetrics;
  readonly fault?: (point: string) => Promise<void>;
  readonly random?: () => number;
}

export interface RelayStatus {
  readonly state: 'idle' | 'running' | 'stopping' | 'stopped';
  readonly listener: { readonly mode: ListenerMode; readonly healthy: boolean; readonly since: Date };
  readonly circuit: CircuitStatus;
  /** Last claim that the database answered. */
  readonly lastPollAt: Date | undefined;
  /** Why claims fail now, if they do. */
  readonly claimError: string | undefined;
  readonly inFlight: number;
  readonly delivered: number;
  readonly retried: number;
  readonly failed: number;
}

/** Rows per claim statement: 9,200 rows/s with one client against 1,046 for single rows (400k rows in the table). */
const CLAIM_LIMIT = 50;
/** How long a claim may wait for more free slots before it takes the few there are. */
const REFILL_PATIENCE_MS = 5;
/** After the grace, how long stop() waits for aborted work to let go before it releases the rows over its head. */
const STOP_PATIENCE_MS = 2_000;
/** Least time between claims that found less than they asked for: a storm of notifications is no storm of claims. */
const QUIET_GAP_MS = 3;

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
 *   CLAIM   up to 50 rows, never more than slots are free; full claims follow each other without a pause
 *   SLEEP   until a notification, a released slot or the poll interval (5 s while LISTEN is proven, 1 s while not)
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #timing: RelayTiming;
  readonly #claimant: Claimant;
  readonly #logger: Logger;
  readonly #fault: (point: string) => Promise<void>;
  readonly #registry: HandlerRegistry;
  readonly #deliverer: Deliverer;
  readonly #listener: Listener;
  readonly #circuit: Circuit;
  readonly #held: HeldRows;
  readonly #window = new ClaimWindow();
  readonly #wake = new Wake();
  /** Rows to be given back, kept until the database takes them. */
  #leftovers: HeldRow[] = [];
  #state: RelayStatus['state'] = 'idle';
  #lapsed = { present: true, lookAtMs: 0, justHadTurn: false };
  #loop: Promise<void> = Promise.resolve();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #background = new Set<Promise<void>>();
  #lastPollAt: Date | undefined;
  #claimError: string | undefined;
  readonly #counts = { delivered: 0, retried: 0, failed: 0 };

  /** Thrown when the generation is missing, or HANDLER_MAX is not smaller than the claim TTL. */
  constructor(options: RelayOptions) {
    const { pool, generation, workerId, concurrency = 100, random = Math.random } = options;
    this.#options = options;
    this.#timing = { ...DEFAULT_RELAY_TIMING, ...options.timing };
    if (!Number.isSafeInteger(generation) || generation < 1) {
      throw new Error('SPECTRA_GENERATION is not set: a relay claims only the events of its own generation.');
    }
    if (this.#timing.handlerMaxMs >= this.#timing.claimTtlMs) {
      throw new Error(
        'SPECTRA_HANDLER_MAX_MS must be smaller than SPECTRA_CLAIM_TTL_MS, or live claims are taken over.',
      );
    }
    if (concurrency < 1) throw new Error('The relay needs a concurrency of at least 1.');
    this.#claimant = { generation, workerId, claimTtlMs: this.#timing.claimTtlMs };
    this.#logger = options.logger.child({ component: 'outbox-relay', workerId });
    this.#fault = options.fault ?? compiledInFault;
    this.#registry = new HandlerRegistry(options.handlers);
    this.#held = new HeldRows(concurrency);
    this.#circuit = new Circuit(random, () => new Date());
    this.#deliverer = new Deliverer(
      { pool, handlerMaxMs: this.#timing.handlerMaxMs, random, fault: this.#fault },
      this.#registry,
      (pool.options.max ?? 10) - 3,
    );
    const channel = outboxChannel(generation);
    this.#listener = new Listener({
      url: options.listenUrl,
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
        options.onFatal?.(error);
      },
    });
  }

  /** Begins to claim at once. Resolves when the leases that expired meanwhile were reaped; never waits for LISTEN. */
  async start(): Promise<void> {
    if (this.#state !== 'idle') throw new Error('A relay can be started once.');
    this.#state = 'running';
    this.#listener.start();
    this.#every(this.#timing.reaperIntervalMs, () => this.#reap());
    this.#every(this.#timing.claimTtlMs / 3, () => this.#renew());
    this.#loop = this.#run();
    await this.#reap();
  }

  /**
   * Stops claiming at once, lets what is in flight finish for up to `graceMs`, releases the rest with its attempt given
   * back. Afterwards nothing is leased to this relay (unless the database is gone: then the leases run out).
   */
  async stop({ graceMs }: { graceMs: number }): Promise<void> {
    if (this.#state !== 'running') return this.#loop;
    this.#state = 'stopping';
    this.#wake.ring();
    await this.#listener.stop();
    if (!(await this.#held.whenEmpty(graceMs))) {
      this.#logger.warn({ inFlight: this.#held.size }, 'shutdown grace is over; releasing what is in flight');
      for (const row of this.#held.all()) row.abort.abort(new ShutdownError());
    }
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.race([Promise.all([this.#loop, ...this.#background]), sleep(STOP_PATIENCE_MS, undefined, { ref: false })]);
    for (const row of this.#held.all()) this.#giveBack(row);
    try {
      await this.#releaseLeftovers();
    } catch (error) {
      this.#logger.error(
        { error: describeError(error), rows: this.#leftovers.length },
        'could not release claims; their leases run out',
      );
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
      ...this.#counts,
    };
  }

  async #run(): Promise<void> {
    while (this.#isRunning()) {
      let more = false;
      try {
        more = await this.#turn();
        this.#lastPollAt = new Date();
        this.#claimError = undefined;
      } catch (error) {
        const text = describeError(error);
        if (this.#claimError !== text)
          this.#logger.error({ error: text }, 'outbox claim failed; trying again at each poll');
        this.#claimError = text;
        await sleep(Math.min(this.#timing.reconnectBaseMs, this.#timing.pollDegradedMs));
      }
      if (more) {
        const wanted = Math.min(CLAIM_LIMIT, Math.ceil(this.#held.capacity / 2));
        await this.#held.whenFree(wanted, REFILL_PATIENCE_MS);
        continue;
      }
      await sleep(QUIET_GAP_MS);
      if (!this.#isRunning()) break;
      const rung = await this.#wake.wait(this.#pauseMs());
      if (!rung) this.#window.widen();
    }
  }

  /** One turn of the loop. @returns whether there may be more to claim at once */
  async #turn(): Promise<boolean> {
    await this.#releaseLeftovers();
    if (await this.#lapsedHasTurn()) {
      this.#lapsed.justHadTurn = true;
      return this.#claimLapsed();
    }
    this.#lapsed.justHadTurn = false;
    const limit = Math.min(CLAIM_LIMIT, this.#held.free, this.#circuit.admits(performance.now(), this.#held.size));
    if (limit < 1) return this.#held.free === 0;
    const fromUs = this.#window.next(performance.now());
    let claim = await claimBatch(this.#options.pool, this.#claimant, limit, fromUs);
    if (claim.rows.length === 0 && fromUs !== undefined && this.#window.lookAgain(performance.now())) {
      claim = await claimBatch(this.#options.pool, this.#claimant, limit, undefined);
    }
    if (claim.earliestUs !== undefined) this.#window.claimed(claim.earliestUs);
    this.#take(claim.rows);
    return claim.rows.length === limit || this.#lapsed.present;
  }

  /** Lapsed rows and batches take turns, so that neither keeps the other waiting for good. */
  async #lapsedHasTurn(): Promise<boolean> {
    const nowMs = performance.now();
    if (!this.#lapsed.present && nowMs >= this.#lapsed.lookAtMs) {
      this.#lapsed.present = await anyLapsed(this.#options.pool, this.#claimant.generation);
      this.#lapsed.lookAtMs = nowMs + this.#pollMs();
    }
    return this.#lapsed.present && !this.#lapsed.justHadTurn && this.#circuit.admits(nowMs, 0) > 0;
  }

  /** Alone means alone in the process: a row that kills it must not take the attempts of others along. */
  async #claimLapsed(): Promise<boolean> {
    await this.#held.whenEmpty(this.#timing.claimTtlMs);
    if (!this.#isRunning()) return false;
    const { rows } = await claimLapsed(this.#options.pool, this.#claimant);
    this.#lapsed.present = rows.length > 0;
    this.#lapsed.lookAtMs = performance.now() + this.#pollMs();
    this.#take(rows);
    await this.#held.whenEmpty(this.#timing.claimTtlMs);
    return true;
  }

  #take(rows: HeldRow[]): void {
    for (const row of rows) this.#held.add(row);
    if (rows.length > 0) this.#inBackground(this.#deliverAll(rows));
  }

  async #deliverAll(rows: readonly HeldRow[]): Promise<void> {
    let handled: HandledKeys;
    try {
      if (!this.#isRunning()) throw new ShutdownError(); // The claim was under way when stop() came.
      await this.#fault('after-claim');
      handled = await this.#deliverer.handledBefore(rows);
    } catch (error) {
      this.#logger.warn({ error: describeError(error), rows: rows.length }, 'claim given back');
      for (const row of rows) this.#giveBack(row);
      return;
    }
    await Promise.all(rows.map((row) => this.#deliver(row, handled)));
  }

  async #deliver(row: HeldRow, handled: HandledKeys): Promise<void> {
    const startDelayMs = row.waitedMs + performance.now() - row.claimedAtMs;
    try {
      this.#record(row, await this.#deliverer.deliver(row, handled), startDelayMs);
    } catch (error) {
      this.#logger.error(
        { ...about(row), error: describeError(error) },
        'event left to its lease: it could not be settled',
      );
    } finally {
      this.#held.remove(row);
    }
  }

  #record(row: HeldRow, delivery: Delivery, startDelayMs: number): void {
    const { metrics } = this.#options;
    switch (delivery.kind) {
      case 'delivered':
        this.#counts.delivered += 1;
        this.#passed();
        metrics?.onDelivered?.(row.event, startDelayMs);
        return;
      case 'retried':
        this.#counts.retried += 1;
        this.#passed();
        this.#logger.warn(
          { ...about(row), error: describeFailures(delivery.failures), delayMs: Math.round(delivery.delayMs) },
          'event failed; will be tried again',
        );
        metrics?.onRetried?.(row.event, delivery.failures, delivery.delayMs);
        return;
      case 'failed':
        this.#counts.failed += 1;
        this.#passed();
        this.#logger.error({ ...about(row), error: describeFailures(delivery.failures) }, 'event became a dead letter');
        metrics?.onFailed?.(row.event, delivery.failures);
        return;
      case 'lost':
        this.#logger.warn(about(row), 'lease lost before the event was marked; nothing of this claim was committed');
        return;
      case 'give-back':
        if (delivery.because === 'dependency') this.#dependencyDown(delivery.error.dependency, delivery.error);
        this.#giveBack(row);
    }
  }

  #giveBack(row: HeldRow): void {
    this.#leftovers.push(row);
    this.#held.remove(row);
    this.#wake.ring();
  }

  async #releaseLeftovers(): Promise<void> {
    if (this.#leftovers.length === 0) return;
    const rows = this.#leftovers;
    await release(this.#options.pool, rows);
    this.#leftovers = this.#leftovers.filter((row) => !rows.includes(row));
  }

  #dependencyDown(dependency: string, error: Error): void {
    if (!this.#circuit.trip(dependency, performance.now())) return;
    this.#logger.error(
      { dependency, error: describeError(error) },
      'dependency is down; claiming is paused, rows stay pending',
    );
    this.#options.metrics?.onCircuit?.(this.#circuit.status());
  }

  #passed(): void {
    if (!this.#circuit.passed()) return;
    this.#logger.info('dependency is back; claiming goes on');
    this.#options.metrics?.onCircuit?.(this.#circuit.status());
    this.#wake.ring();
  }

  async #reap(): Promise<void> {
    try {
      const reaped = await reap(this.#options.pool, this.#claimant.generation, this.#registry.attemptLimits());
      for (const { id, event_type, attempts, status } of reaped) {
        this.#logger.warn({ eventId: id, eventType: event_type, attempt: attempts, status }, 'expired lease reaped');
      }
      if (reaped.length === 0) return;
      this.#lapsed.present = true;
      this.#wake.ring();
    } catch (error) {
      this.#logger.warn({ error: describeError(error) }, 'reaper failed; trying again at its next turn');
    }
  }

  async #renew(): Promise<void> {
    const { claimTtlMs } = this.#timing;
    let lost: HeldRow[] = [];
    try {
      lost = await renew(this.#options.pool, this.#held.all(), claimTtlMs);
    } catch (error) {
      this.#logger.warn({ error: describeError(error) }, 'leases could not be renewed');
    }
    const nowMs = performance.now();
    for (const row of this.#held.all()) {
      if (lost.includes(row) || nowMs - row.renewedAtMs > claimTtlMs) row.abort.abort(new LeaseLostError());
    }
  }

  #listenerChanged(mode: ListenerMode): void {
    const { onStateChange, metrics } = this.#options;
    metrics?.onListenerHealthy?.(mode === 'listening');
    if (mode === 'reconnecting') onStateChange?.('reconnecting');
    if (mode === 'listening' || mode === 'polling') {
      this.#window.widen();
      onStateChange?.('running');
    }
  }

  #isRunning(): boolean {
    return this.#state === 'running';
  }

  #pollMs(): number {
    return this.#listener.healthy ? this.#timing.pollHealthyMs : this.#timing.pollDegradedMs;
  }

  #pauseMs(): number {
    return Math.min(this.#pollMs(), this.#circuit.probeInMs(performance.now()));
  }

  #every(intervalMs: number, work: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#inBackground(
        work().finally(() => {
          busy = false;
        }),
      );
    }, intervalMs);
    this.#timers.push(timer);
  }

  #inBackground(work: Promise<void>): void {
    this.#background.add(work);
    void work.finally(() => this.#background.delete(work));
  }
}

function about({ event }: HeldRow): Record<string, unknown> {
  return { eventId: event.eventId, eventType: event.eventType, attempt: event.attempt };
}
