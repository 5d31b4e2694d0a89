/**
 * How far before the last claimed row a claim still looks. A row's available_at is its insert; the row can be claimed
 * from its commit: this is the time that a transaction may take between the two without losing the fast path.
 */
const SLACK_US = 500_000;
/** A full look at least this often under load, and at most this often when windowed claims come back empty. */
const FULL_LOOK_MS = 1_000;
const FULL_LOOK_WHEN_EMPTY_MS = 200;

/**
 * The low-water mark of the claim. A claimed row leaves a dead entry in the claim index, and while some transaction
 * holds back xmin, vacuum cannot remove it: claims that begin at the oldest entry would crawl over all of them. So a
 * claim begins shortly before the oldest row of the last one. Nothing pending is older, except what committed late:
 * full looks find that, within a second.
 */
export class ClaimWindow {
  #markUs: number | undefined;
  #fullLookAtMs = -Infinity;

  /** Where the next claim begins; undefined = a full look. */
  next(nowMs: number): number | undefined {
    if (this.#markUs !== undefined && nowMs < this.#fullLookAtMs + FULL_LOOK_MS) return this.#markUs;
    this.#fullLookAtMs = nowMs;
    return undefined;
  }

  /** Whether an empty windowed claim should be followed by a full look now: a notification said that there is a row. */
  lookAgain(nowMs: number): boolean {
    if (this.#markUs === undefined || nowMs < this.#fullLookAtMs + FULL_LOOK_WHEN_EMPTY_MS) return false;
    this.#markUs = undefined;
    return true;
  }

  /** The next claim is a full look: a poll, a reconnect. */
  widen(): void {
    this.#markUs = undefined;
  }

  claimed(earliestUs: number): void {
    this.#markUs = earliestUs - SLACK_US;
  }
}
