import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { TraceFlags } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';

/** The W3C trace context that a request, an event or an activity runs under. */
export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: this process's part of the trace. */
  readonly spanId: string;
}

const storage = new AsyncLocalStorage<Trace>();

/** Continues the trace of a `traceparent` header, or begins a new one where there is none or it is malformed. */
export function continueTrace(traceparent: string | null | undefined): Trace {
  const parent = traceparent ? parseTraceParent(traceparent) : null;
  return { traceId: parent?.traceId ?? randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
}

export function runInTrace<T>(trace: Trace, run: () => T): T {
  return storage.run(trace, run);
}

export function currentTrace(): Trace | undefined {
  return storage.getStore();
}

/** The `traceparent` value that hands this trace on. */
export function toTraceparent(trace: Trace): string {
  return `00-${trace.traceId}-${trace.spanId}-0${TraceFlags.SAMPLED}`;
}
