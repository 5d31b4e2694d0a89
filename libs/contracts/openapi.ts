import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { z } from 'zod';
import type { Operation } from './operation.js';
import { operations } from './operations.js';
import { problemSchema } from './problem.js';

const ERROR_DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request does not have the documented shape.',
  401: 'The key is missing, wrong, expired or of another Context; also an unknown Context.',
  403: 'The caller may not do this.',
  404: "Not there, or not the caller's.",
  409: 'Contradicts what is already there.',
  413: 'Larger than the upload limit.',
  415: 'A media type that the pipeline cannot read.',
  422: 'A malformed identifier.',
  500: 'Not well; the body says what.',
  501: 'Published, but not part of this version yet.',
  503: 'A store does not answer, or too many requests are in flight; nothing was accepted. Retry after `Retry-After` seconds where it is sent.',
  507: 'No room left to store it; nothing was accepted. An operator must make room.',
};

function errorStatuses(operation: Operation): number[] {
  const statuses = new Set<number>(operation.errors);
  if (operation.auth !== 'none') statuses.add(401);
  if (operation.params) statuses.add(422);
  if (operation.body || operation.multipart || operation.query || operation.headers) statuses.add(400);
  if (operation.auth !== 'none') statuses.add(503);
  return [...statuses].sort((a, b) => a - b);
}

function responses(operation: Operation): ZodOpenApiResponsesObject {
  const { status, description, body, contentType } = operation.success;
  const success = contentType
    ? { description, content: { [contentType]: { schema: { type: 'string' as const, format: 'binary' } } } }
    : { description, ...(body ? { content: { 'application/json': { schema: body } } } : {}) };
  const result: Record<string, unknown> = { [status]: success };
  for (const code of operation.alsoAnswers ?? [])
    result[code] = { ...success, description: ERROR_DESCRIPTIONS[code] ?? description };
  for (const code of errorStatuses(operation)) {
    result[code] = {
      description: ERROR_DESCRIPTIONS[code] ?? 'An error.',
      content: { 'application/problem+json': { schema: problemSchema } },
    };
  }
  return result as ZodOpenApiResponsesObject;
}

function requestBody(operation: Operation): ZodOpenApiOperationObject['requestBody'] {
  if (operation.multipart) {
    const form = z.object({ metadata: operation.multipart.optional(), file: z.string().meta({ format: 'binary' }) });
    return { required: true, content: { 'multipart/form-data': { schema: form } } };
  }
  if (!operation.body) return undefined;
  return { required: !operation.bodyOptional, content: { 'application/json': { schema: operation.body } } };
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const body = requestBody(operation);
  const parameters = {
    ...(operation.params ? { path: operation.params } : {}),
    ...(operation.query ? { query: operation.query } : {}),
    ...(operation.headers ? { header: operation.headers } : {}),
  };
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description ? { description: operation.description } : {}),
    ...(operation.auth === 'none' ? { security: [] } : { security: [{ api_key: [] }] }),
    ...(Object.keys(parameters).length > 0 ? { requestParams: parameters } : {}),
    ...(body ? { requestBody: body } : {}),
    responses: responses(operation),
  };
}

/** The OpenAPI 3.1 document of all operations. Pure: the same code, the same document. */
export function openApiDocument(version: string): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const operation of Object.values<Operation>(operations)) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Spectra',
      version,
      description: 'Memory and decisions for AI agents. Errors are RFC 9457 problem documents with a stable `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    components: { securitySchemes: { api_key: { type: 'http', scheme: 'bearer', bearerFormat: 'sp-{id}-{secret}' } } },
    paths,
  });
}
