import type { z } from 'zod';
import type { Verb } from './common.js';

export type HttpMethod = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Who may call: nobody in particular, the deployment's operator, or a principal of the Context in the path. */
export type OperationAuth = 'none' | 'management' | 'context';

/**
 * One REST operation. Routing, validation, authorisation and the OpenAPI document are all made from this one
 * description, so they cannot disagree.
 */
export interface Operation {
  readonly id: string;
  readonly method: HttpMethod;
  /** OpenAPI path template, e.g. /api/v1/{contextId}/documents. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly auth: OperationAuth;
  /** The grant that the principal needs; every Context operation declares one. */
  readonly verb?: Verb;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The body may be left out altogether; then `{}` is validated. */
  readonly bodyOptional?: boolean;
  /** Schema of the `metadata` part of a multipart upload; the `file` part follows it. */
  readonly multipart?: z.ZodObject;
  readonly success: {
    readonly status: 200 | 201 | 202 | 204;
    readonly description: string;
    readonly body?: z.ZodType;
    /** Default application/json. */
    readonly contentType?: string;
  };
  /** Statuses that are answers too, with the same body as success: a health report that says no. */
  readonly alsoAnswers?: readonly number[];
  /** Documented failures besides 400, 401 and 422 of every operation that takes input. */
  readonly errors: readonly number[];
}
