import type { Pool } from 'pg';
import type { Circuit } from './circuit.js';
import { anyLapsed, claimBatch, claimLapsed, type Claim, type Claimant } from './claim.js';
import { ClaimWindow } from './claim-window.js';
import type { HeldRow, HeldRows } from './held-row.js';

/**
 * Rows per claim statement: 9,200 rows/s with one client against 1,046 for single rows (400k rows in the table). While
 * there is a backlog, claims of 200 cost Postgres a third less per row again; without one they would only let the first
 * relay that wakes take what the others could do side by side.
 */
export const CLAIM_LIMIT = 50;
const BACKLOG_CLAIM_LIMIT = 200;
/** Claims side by side while there is a backlog: one client does 9,200 rows/s, eight do 60,000. */
const CLAIMS_AT_ONCE = 3;

export interface ClaimerOptions {
  readonly pool: Pool;
  readonly claimant: Claimant;
  readonly held: HeldRows;
  readonly circuit: Circuit;
  readonly pollMs: () => number;
  readonly isRunning: () => boolean;
  /** Gets the claimed rows; from then on they are held. */
  readonly take: (rows: HeldRow[]) => void;
}

/** Decides what to claim next: see LAPSED and CLAIM in the prose above `Relay`. */
export class Claimer {
  readonly #window = new ClaimWindow();
  #backlog = false;
  #lapsed = { present: true, lookAtMs: 0, justHadTurn: false };

  constructor(private readonly options: ClaimerOptions) {}

  /** The next claim looks at everything: a poll, a reconnect. */
  widen(): void {
    this.#window.widen();
  }

  /** Rows came back from an expired lease. */
  expectLapsed(): void {
    this.#lapsed.present = true;
  }

  /** One turn of the relay's loop. @returns whether there may be more to claim at once */
  async turn(): Promise<boolean> {
    if (await this.#lapsedHasTurn()) {
      this.#lapsed.justHadTurn = true;
      return this.#claimLapsed();
    }
    this.#lapsed.justHadTurn = false;
    const { held, circuit } = this.options;
    const room = Math.min(held.free, circuit.admits(performance.now(), held.size));
    if (room < 1) return held.free === 0;
    this.#backlog = await this.#claimBatches(room);
    return this.#backlog || this.#lapsed.present;
  }

  /** @returns whether every claim came back full */
  async #claimBatches(room: number): Promise<boolean> {
    const limit = Math.min(this.#backlog ? BACKLOG_CLAIM_LIMIT : CLAIM_LIMIT, room);
    const count = this.#backlog ? Math.min(CLAIMS_AT_ONCE, Math.floor(room / limit)) : 1;
    const fromUs = this.#window.next(performance.now());
    const taken = await this.#claim(count, limit, fromUs);
    if (taken === 0 && fromUs !== undefined && this.#window.lookAgain(performance.now())) {
      return (await this.#claim(1, limit, undefined)) === limit;
    }
    return taken === count * limit;
  }

  /** @returns the number of rows */
  async #claim(count: number, limit: number, fromUs: number | undefined): Promise<number> {
    const { pool, claimant, take } = this.options;
    const claims = await Promise.allSettled(
      Array.from({ length: count }, () => claimBatch(pool, claimant, limit, fromUs)),
    );
    // What one claim got is held even when another failed.
    const done = claims.filter((claim) => claim.status === 'fulfilled').map((claim) => claim.value);
    this.#moveWindow(done);
    for (const { rows } of done) take(rows);
    const failed = claims.find((claim) => claim.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return done.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  #moveWindow(claims: readonly Claim[]): void {
    const earliest = claims.map((claim) => claim.earliestUs).filter((us) => us !== undefined);
    if (earliest.length > 0) this.#window.claimed(Math.min(...earliest));
  }

  /** Lapsed rows and batches take turns, so that neither keeps the other waiting for good. */
  async #lapsedHasTurn(): Promise<boolean> {
    const { pool, claimant, circuit, pollMs } = this.options;
    const nowMs = performance.now();
    if (!this.#lapsed.present && nowMs >= this.#lapsed.lookAtMs) {
      this.#lapsed.present = await anyLapsed(pool, claimant.generation);
      this.#lapsed.lookAtMs = nowMs + pollMs();
    }
    return this.#lapsed.present && !this.#lapsed.justHadTurn && circuit.admits(nowMs, 0) > 0;
  }

  /** Alone means alone in the process: a row that kills it must not take the attempts of others along. */
  async #claimLapsed(): Promise<boolean> {
    const { pool, claimant, held, isRunning, pollMs, take } = this.options;
    await held.whenEmpty(claimant.claimTtlMs);
    if (!isRunning()) return false;
    const { rows } = await claimLapsed(pool, claimant);
    this.#lapsed.present = rows.length > 0;
    this.#lapsed.lookAtMs = performance.now() + pollMs();
    take(rows);
    await held.whenEmpty(claimant.claimTtlMs);
    return true;
  }
}
