import type { FieldIssue } from '#libs/contracts/index.js';

/** Thrown when the settings cannot make a request: no key, no Context, or a URL that is none. Nothing was sent. */
export class ClientSettingsError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ClientSettingsError';
    this.code = code;
  }
}

/** Thrown when no answer came: refused, cut off, unknown host, or too late. */
export class ConnectionError extends Error {
  /** The operating system's or undici's code, e.g. `ECONNREFUSED`; `TIMEOUT` when the time limit ran out. */
  readonly code: string;
  /** Whether the same request can succeed a moment later. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'ConnectionError';
    this.code = code;
    this.retryable = options.retryable;
  }
}

export interface ApiErrorOptions {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly issues?: readonly FieldIssue[];
}

/** Thrown when the server answered, and the answer is not the promised one. */
export class ApiError extends Error {
  readonly status: number;
  /** Stable and machine-readable; `http_<status>` when the answer was not one of this service. */
  readonly code: string;
  readonly requestId: string | undefined;
  /** How long the server asks to wait before the next try. */
  readonly retryAfterMs: number | undefined;
  readonly issues: readonly FieldIssue[];

  constructor(options: ApiErrorOptions) {
    super(options.message);
    this.name = 'ApiError';
    this.status = options.status;
    this.code = options.code;
    this.requestId = options.requestId;
    this.retryAfterMs = options.retryAfterMs;
    this.issues = options.issues ?? [];
  }
}

/** Thrown when a document is neither ready nor failed within the time that the caller gave. It stays accepted. */
export class WaitTimeoutError extends Error {
  readonly code = 'wait_timeout';

  constructor(documentId: string, status: string, timeoutMs: number) {
    super(
      `Document ${documentId} is still ${status} after ${Math.round(timeoutMs / 1000)} s; it stays accepted, look again later.`,
    );
    this.name = 'WaitTimeoutError';
  }
}

/** Thrown when a file is not as long as it was when its upload began; what was sent of it is not accepted. */
export class FileChangedError extends Error {
  readonly code = 'file_changed';

  constructor(path: string) {
    super(`${path} changed while it was being sent; send it again.`);
    this.name = 'FileChangedError';
  }
}
