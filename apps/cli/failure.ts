import { CommanderError } from 'commander';
import { ApiError, ClientSettingsError, ConnectionError } from '#libs/client/index.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { UsageError } from './usage-error.js';

/** An error as people and scripts see it. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly requestId?: string | undefined;
  readonly issues?: readonly { path: string; message: string }[];
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.unauthorized;
  if (status === 404) return EXIT.notFound;
  return status >= 500 ? EXIT.unavailable : EXIT.failed;
}

/** Sorts an error into an exit code, a stable code and a sentence. */
export function toFailure(error: unknown): Failure {
  if (error instanceof ApiError) {
    const { status, code, message, requestId, issues } = error;
    return { exitCode: exitCodeOf(status), code, message, status, requestId, ...(issues.length > 0 ? { issues } : {}) };
  }
  if (error instanceof ConnectionError)
    return { exitCode: EXIT.unavailable, code: error.code.toLowerCase(), message: error.message };
  if (error instanceof ClientSettingsError || error instanceof UsageError)
    return { exitCode: EXIT.usage, code: error.code, message: error.message };
  if (error instanceof CommanderError)
    return {
      exitCode: EXIT.usage,
      code: 'usage',
      message: error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' '),
    };
  const { message, code } = error instanceof Error ? (error as Error & { code?: unknown }) : { message: String(error) };
  return { exitCode: EXIT.failed, code: typeof code === 'string' ? code.toLowerCase() : 'internal', message };
}

/** `failure` without its exit code, which the process itself carries. */
export function failureBody({ exitCode: _exitCode, ...body }: Failure): Omit<Failure, 'exitCode'> {
  return body;
}

/** The sentence, then what to quote in a report: the code and the request id. */
export function failureLine({ message, code, requestId }: Failure): string {
  return `${message} (${code}${requestId === undefined ? '' : `, request ${requestId}`})`;
}
