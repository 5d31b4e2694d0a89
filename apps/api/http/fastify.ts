import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import multipart from '@fastify/multipart';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { newId, operations, ValidationError } from '#libs/contracts/index.js';
import { continueTrace, currentTrace, runInTrace, type Logger, type Metrics } from '#libs/telemetry/index.js';
import { discardRest } from './discard-rest.js';
import type { InFlightRequests } from './in-flight.js';
import { ProblemFilter } from './problem.filter.js';

/** JSON bodies are small: a conversation of a thousand messages. Uploads are multipart and streamed. */
const JSON_BODY_LIMIT = 16 * 1024 * 1024;
/** Connections idle for longer are closed; below the usual 75 s of a load balancer in front would race with it. */
const KEEP_ALIVE_MS = 76_000;
/** The longest that a client may take to send one request: 50 MB at half a Mbit/s. A half-sent one must not stay for ever. */
const REQUEST_MS = 15 * 60_000;
/** Answered whatever the load is, and until the very end: who is asked whether it is well must not be too busy to say so. */
const ALWAYS_ANSWERED: ReadonlySet<string> = new Set([
  '/metrics',
  ...Object.values(operations)
    .filter((operation) => operation.tag === 'Health')
    .map((operation) => operation.path),
]);
const REQUEST_ID_PATTERN = /^[A-Za-z0-9._-]{1,128}$/;

function parseJson(body: string): unknown {
  if (body.trim() === '') return undefined;
  try {
    return JSON.parse(body, (key, value: unknown) => (key === '__proto__' ? undefined : value));
  } catch {
    throw new ValidationError('The body is not valid JSON.', [], 'malformed_json');
  }
}

export interface HttpServerOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly inFlight: InFlightRequests;
}

/** The HTTP server below Nest: ids, traces, body parsers, back-pressure, access log and metrics. */
export async function createFastifyAdapter(options: HttpServerOptions): Promise<FastifyAdapter> {
  const { logger, metrics, inFlight } = options;
  const problems = new ProblemFilter(logger);
  const adapter = new FastifyAdapter({
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    // While it stops, `inFlight` refuses: with a problem document and a Retry-After.
    return503OnClosing: false,
    bodyLimit: JSON_BODY_LIMIT,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 512 },
    // What fails before there is a route: a path with broken escapes.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      runInTrace(continueTrace(request.headers.traceparent as string | undefined), () => {
        problems.answer(error, request, reply);
      });
    },
    genReqId: (request: { headers: IncomingHttpHeaders }) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID_PATTERN.test(given) ? given : newId(Date.now(), randomBytes(10));
    },
  });
  const server = adapter.getInstance();

  server.addHook('onRequest', (request, reply, done) => {
    runInTrace(continueTrace(request.headers.traceparent as string | undefined), () => {
      const trace = currentTrace();
      void reply.header('x-request-id', request.id);
      if (trace) void reply.header('x-trace-id', trace.traceId);
      done();
    });
  });
  server.addHook('onRequest', (request, reply, done) => {
    if (!ALWAYS_ANSWERED.has(request.routeOptions.url ?? '')) inFlight.enter(reply.raw);
    done();
  });
  server.addHook('onSend', (request, _reply, _payload, done) => {
    discardRest(request.raw);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const endpoint = `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
    metrics.requests.inc({ endpoint, status: String(reply.statusCode) });
    metrics.requestSeconds.observe({ endpoint }, reply.elapsedTime / 1000);
    const line = {
      request_id: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    };
    if (request.url.startsWith('/health') || request.url === '/metrics') logger.debug(line, 'request');
    else logger.info(line, 'request');
    done();
  });

  // Clients send empty bodies with and without a media type; what is not JSON and not empty is refused by the contract.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(body as string));
    } catch (error) {
      done(error as Error);
    }
  });
  server.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else done(new ValidationError('Send the body as application/json.', [], 'not_json'));
  });
  await server.register(multipart);
  return adapter;
}
