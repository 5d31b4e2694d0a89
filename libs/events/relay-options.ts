import type { Pool } from 'pg';
import type { Logger } from '#libs/telemetry/index.js';
import type { CircuitStatus } from './circuit.js';
import type { EventEnvelope } from './envelope.js';
import type { EventHandler } from './handler.js';
import type { ListenerMode } from './listen.js';
import type { HandlerFailure } from './retry.js';
import type { RelayTiming } from './timing.js';

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
  /** At least 8 connections; half of them are for deliveries, the rest for claims, renewal and reaper. */
  readonly pool: Pool;
  /** For the dedicated LISTEN connection; may bypass a pooler that `pool` goes through. */
  readonly listenUrl: string;
  readonly generation: number;
  readonly workerId: string;
  readonly handlers: readonly EventHandler[];
  readonly timing?: Partial<RelayTiming>;
  /** Rows held at once, at most; 100 by default. */
  readonly concurrency?: number;
  readonly logger: Logger;
  /** `reconnecting` while the listening connection is down. */
  readonly onStateChange?: (state: 'running' | 'reconnecting') => void;
  /** The reconnect budget is spent: the process should exit non-zero. */
  readonly onFatal?: (error: Error) => void;
  readonly metrics?: RelayMetrics;
  /** Fault points, in order: after-claim, after-start, before-commit, after-commit. The compiled-in ones by default. */
  readonly fault?: (point: string) => Promise<void>;
  /** Uniform in [0, 1), for jitter. */
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
