import { SpectraError } from '#libs/contracts/index.js';

/** Thrown by a handler when no retry can help: the row becomes a dead letter at once. */
export class TerminalHandlerError extends Error {
  override readonly name = 'TerminalHandlerError';
}

/**
 * Thrown by a handler when a dependency is down as a whole (Temporal unreachable, not "this workflow was refused").
 * The row gets its attempt back and waits; the relay stops claiming until the dependency answers again.
 */
export class DependencyDownError extends Error {
  override readonly name = 'DependencyDownError';

  /** @param dependency what is down, as an operator knows it: `temporal` */
  constructor(
    readonly dependency: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Thrown when a handler ran longer than HANDLER_MAX. Counts as an ordinary, retryable failure. */
export class HandlerTimeoutError extends Error {
  override readonly name = 'HandlerTimeoutError';

  constructor(limitMs: number) {
    super(`took longer than ${limitMs} ms (SPECTRA_HANDLER_MAX_MS)`);
  }
}

/** The reason with which a handler's signal aborts when its row belongs to someone else by now. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';

  constructor() {
    super('the lease of this row was lost; another claim may be at work on it');
  }
}

/** The reason with which a handler's signal aborts when the shutdown grace is over. */
export class ShutdownError extends Error {
  override readonly name = 'ShutdownError';

  constructor() {
    super('the worker is shutting down');
  }
}

/** Thrown when code tries to publish an event that breaks its own contract. A defect of the publisher, not of its caller. */
export class EventContractError extends SpectraError {
  constructor(message: string, cause?: unknown) {
    super({ status: 500, code: 'event_contract', message, cause });
  }
}
