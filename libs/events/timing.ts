/** Every duration of the relay, in milliseconds. Tests and dev shrink them together. */
export interface RelayTiming {
  /** HANDLER_MAX: one handler on one row. Smaller than the shutdown grace, which is smaller than the claim TTL. */
  readonly handlerMaxMs: number;
  /** Lease of a claim; renewed at a third of it while the row is held. */
  readonly claimTtlMs: number;
  readonly reaperIntervalMs: number;
  /** Poll interval while LISTEN is proven to work. */
  readonly pollHealthyMs: number;
  /** Poll interval while it is not. */
  readonly pollDegradedMs: number;
  /** Time in which the listener's own notification must come back. */
  readonly listenSelfTestMs: number;
  /** How often the self-test is repeated, so that a silent (half-open) connection is noticed. */
  readonly listenCheckMs: number;
  /** Upper bound of the first reconnect delay; doubles, full jitter. */
  readonly reconnectBaseMs: number;
  readonly reconnectCapMs: number;
  /** Time without a listening connection after which the relay gives up: `onFatal`. */
  readonly reconnectBudgetMs: number;
}

/** The published values where there are any (claim TTL, HANDLER_MAX and budget are settled in the design). */
export const DEFAULT_RELAY_TIMING: RelayTiming = {
  handlerMaxMs: 20_000,
  claimTtlMs: 60_000,
  reaperIntervalMs: 15_000,
  pollHealthyMs: 5_000,
  pollDegradedMs: 1_000,
  listenSelfTestMs: 3_000,
  listenCheckMs: 15_000,
  reconnectBaseMs: 500,
  reconnectCapMs: 30_000,
  reconnectBudgetMs: 600_000,
};
