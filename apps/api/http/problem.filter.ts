import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SpectraError, type Problem } from '#libs/contracts/index.js';
import { toUnavailable } from '#libs/stores/postgres/index.js';
import { currentTrace, type Logger } from '#libs/telemetry/index.js';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  507: 'Insufficient Storage',
};

/** Failures that the HTTP server itself finds before a handler runs, by its code. */
const SERVER_CODES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'not_multipart',
};

/** The same, by status, where the framework has wrapped them. */
const STATUS_CODES: Readonly<Record<number, string>> = {
  400: 'bad_request',
  404: 'no_such_route',
  413: 'body_too_large',
  415: 'unsupported_media_type',
};

function toSpectraError(error: unknown, requestId: string): SpectraError {
  if (error instanceof SpectraError) return error;
  if (error instanceof HttpException) {
    const status = error.getStatus();
    return new SpectraError({ status, code: STATUS_CODES[status] ?? 'http_error', message: error.message });
  }
  const failure = error as { statusCode?: unknown; code?: unknown; message?: unknown };
  if (typeof failure.statusCode === 'number' && failure.statusCode >= 400 && failure.statusCode < 500) {
    const code = typeof failure.code === 'string' ? (SERVER_CODES[failure.code] ?? 'bad_request') : 'bad_request';
    return new SpectraError({ status: failure.statusCode, code, message: String(failure.message) });
  }
  const unavailable = toUnavailable(error);
  if (unavailable instanceof SpectraError) return unavailable;
  return new SpectraError({
    status: 500,
    code: 'internal',
    message: `Something failed inside the server. Tell its operator the request id ${requestId}.`,
    cause: error,
  });
}

/** Answers every failure as an RFC 9457 problem document. Details of internal failures go to the log only. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    this.answer(error, request, reply);
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const known = toSpectraError(error, request.id);
    if (known.status >= 500 && known.status !== 501)
      this.logger.error({ err: known.cause ?? error, request_id: request.id }, known.message);
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const title = TITLES[known.status] ?? 'Error';
    const problem: Problem = {
      type: `urn:spectra:error:${known.code}`,
      title,
      status: known.status,
      detail: known.message,
      message: known.message,
      code: known.code,
      instance: request.url.split('?')[0] ?? '',
      requestId: request.id,
      retryable: known.retryable,
      ...(known.issues.length > 0 ? { issues: [...known.issues] } : {}),
    };
    // A body that is too large is refused in the middle: closing at once would destroy the answer on its way.
    void reply.header('x-request-id', request.id).removeHeader('connection');
    if (known.retryAfterSeconds !== undefined) void reply.header('retry-after', String(known.retryAfterSeconds));
    const trace = currentTrace();
    if (trace) void reply.header('x-trace-id', trace.traceId);
    void reply.status(known.status).type('application/problem+json').send(problem);
  }
}
