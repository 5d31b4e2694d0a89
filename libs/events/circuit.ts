import { fullJitterMs } from '#libs/stores/postgres/index.js';

export interface CircuitStatus {
  readonly state: 'closed' | 'open' | 'half-open';
  /** What is down, while the circuit is not closed. */
  readonly dependency?: string;
  readonly since?: Date;
}

/** The first pause is about a second, the longest half a minute: a dependency that is back is noticed within that. */
const PAUSE = { baseMs: 1_000, capMs: 30_000 };
/** Full jitter may come out near 0; a probe this often is already a burden for something that tries to start. */
const LEAST_PAUSE_MS = 250;

/**
 * Holds claiming back while a dependency is down as a whole. closed -> open when a handler says so; open -> half-open
 * after a pause (1 s x2, cap 30 s): one row is claimed as a probe; half-open -> closed when a row gets through, or back
 * to open when the dependency is still down.
 */
export class Circuit {
  #state: CircuitStatus['state'] = 'closed';
  #dependency: string | undefined;
  #since: Date | undefined;
  #trips = 0;
  #probeAtMs = 0;

  constructor(
    private readonly random: () => number,
    private readonly wallClock: () => Date,
  ) {}

  /** How many more rows may be claimed. */
  admits(nowMs: number, held: number): number {
    if (this.#state === 'closed') return Infinity;
    if (this.#state === 'open' && nowMs >= this.#probeAtMs) this.#state = 'half-open';
    return this.#state === 'half-open' && held === 0 ? 1 : 0;
  }

  /** Time until a probe is due, in milliseconds; Infinity when none is. */
  probeInMs(nowMs: number): number {
    return this.#state === 'open' ? Math.max(0, this.#probeAtMs - nowMs) : Infinity;
  }

  /** A dependency is down. @returns whether that is news (rows in flight at the same time report the same outage) */
  trip(dependency: string, nowMs: number): boolean {
    if (this.#state === 'open') return false;
    const isNews = this.#state === 'closed';
    this.#state = 'open';
    this.#dependency = dependency;
    this.#since ??= this.wallClock();
    this.#trips += 1;
    this.#probeAtMs = nowMs + Math.max(LEAST_PAUSE_MS, fullJitterMs(PAUSE, this.#trips, this.random));
    return isNews;
  }

  /** A row got through, or failed for a reason of its own. @returns whether that closed the circuit */
  passed(): boolean {
    if (this.#state !== 'half-open') return false;
    this.#state = 'closed';
    this.#dependency = undefined;
    this.#since = undefined;
    this.#trips = 0;
    return true;
  }

  status(): CircuitStatus {
    if (this.#dependency === undefined || this.#since === undefined) return { state: this.#state };
    return { state: this.#state, dependency: this.#dependency, since: this.#since };
  }
}
