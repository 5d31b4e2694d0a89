export { armFaults, fault } from './fault.js';
export { createLogger, type Logger, type LoggerOptions } from './logger.js';
export { Metrics } from './metrics.js';
export { continueTrace, currentTrace, runInTrace, toTraceparent, type Trace } from './trace.js';
