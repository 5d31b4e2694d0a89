import { pino, type DestinationStream, type Logger } from 'pino';
import { currentTrace } from './trace.js';

export type { Logger };

export interface LoggerOptions {
  readonly level: string;
  /** Stamped on every line, as on everything else that leaves the process. */
  readonly generation?: number;
  readonly role: string;
  readonly destination?: DestinationStream;
}

/** Paths that may hold a secret; pino replaces their values before a line is written. */
const SECRET_PATHS = [
  'req.headers.authorization',
  'headers.authorization',
  '*.authorization',
  '*.password',
  '*.secret',
  '*.apiKey',
  'apiKey',
  'password',
  'secret',
];

/** A JSON logger whose lines carry the generation, the role and, inside a request or an event, the W3C trace id. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { role: options.role, ...(options.generation === undefined ? {} : { generation: options.generation }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
      mixin: () => {
        const trace = currentTrace();
        return trace ? { trace_id: trace.traceId, span_id: trace.spanId } : {};
      },
    },
    options.destination ?? pino.destination({ dest: 1, sync: false }),
  );
}
