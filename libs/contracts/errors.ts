/**
 * One small hierarchy for every failure that a caller may see. `code` is stable: clients and runbooks may match on it;
 * messages may be reworded. `retryable` says whether the same request can succeed later without a change.
 */
export interface ErrorOptions {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryable?: boolean;
  /** Seconds after which a retry makes sense; becomes the `Retry-After` header. */
  readonly retryAfterSeconds?: number;
  /** One entry per offending field, for validation errors. */
  readonly issues?: readonly FieldIssue[];
  readonly cause?: unknown;
}

export interface FieldIssue {
  readonly path: string;
  readonly message: string;
}

export class SpectraError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly issues: readonly FieldIssue[];

  constructor(options: ErrorOptions) {
    super(options.message, { cause: options.cause });
    this.name = new.target.name;
    this.status = options.status;
    this.code = options.code;
    this.retryable = options.retryable ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.issues = options.issues ?? [];
  }
}

/** Thrown when a request body, query or part does not have the documented shape. */
export class ValidationError extends SpectraError {
  constructor(message: string, issues: readonly FieldIssue[] = [], code = 'validation_error') {
    super({ status: 400, code, message, issues });
  }
}

/** Thrown when an identifier in the path is not well formed, so that nothing can be looked up by it. */
export class MalformedIdError extends SpectraError {
  constructor(message: string) {
    super({ status: 422, code: 'malformed_id', message });
  }
}

/** Thrown when the key is missing, wrong, expired, or of another Context; "not there" and "not yours" read the same. */
export class UnauthorizedError extends SpectraError {
  constructor(message = 'This API key is not valid for this Context. Send `Authorization: Bearer <key>`.') {
    super({ status: 401, code: 'unauthorized', message });
  }
}

/** Thrown when the caller is known but may not do this. */
export class ForbiddenError extends SpectraError {
  constructor(message: string, code = 'forbidden') {
    super({ status: 403, code, message });
  }
}

/** Thrown when a thing named by a well-formed id does not exist in the caller's view. */
export class NotFoundError extends SpectraError {
  constructor(message: string, code = 'not_found') {
    super({ status: 404, code, message });
  }
}

/** Thrown when the request contradicts what is already there (duplicate id or name, idempotency conflict). */
export class ConflictError extends SpectraError {
  constructor(message: string, code = 'conflict') {
    super({ status: 409, code, message });
  }
}

/** Thrown when an upload is larger than the configured limit. */
export class PayloadTooLargeError extends SpectraError {
  constructor(limitBytes: number) {
    const megabytes = (limitBytes / 1024 / 1024).toFixed(1).replace(/\.0$/, '');
    super({
      status: 413,
      code: 'payload_too_large',
      message: `The file is larger than the limit of ${megabytes} MB (SPECTRA_MAX_UPLOAD_BYTES=${limitBytes}).`,
    });
  }
}

/** Thrown when a store has no room left. Nothing was accepted; the same request works once an operator has made room. */
export class InsufficientStorageError extends SpectraError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super({
      status: 507,
      code: 'insufficient_storage',
      message,
      retryable: true,
      retryAfterSeconds: 30,
      cause: options.cause,
    });
  }
}

/** Thrown when a document's media type is not one that the pipeline can read. */
export class UnsupportedMediaTypeError extends SpectraError {
  constructor(mediaType: string, accepted: readonly string[]) {
    super({
      status: 415,
      code: 'unsupported_media_type',
      message: `${mediaType} is not supported. Accepted: ${accepted.join(', ')}.`,
    });
  }
}

/** Thrown when a published feature is not part of this version yet. */
export class NotImplementedError extends SpectraError {
  constructor(message: string) {
    super({ status: 501, code: 'not_implemented', message });
  }
}

/** Thrown when a store or engine that the request needs does not answer. Nothing was accepted; retrying is safe. */
export class UnavailableError extends SpectraError {
  constructor(message: string, options: { code?: string; retryAfterSeconds?: number; cause?: unknown } = {}) {
    super({
      status: 503,
      code: options.code ?? 'unavailable',
      message,
      retryable: true,
      retryAfterSeconds: options.retryAfterSeconds ?? 2,
      cause: options.cause,
    });
  }
}
