import {
  applyDecorators,
  createParamDecorator,
  HttpCode,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  type ExecutionContext,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Caller } from '#libs/access/index.js';
import type { Operation } from '#libs/contracts/index.js';

export const OPERATION = Symbol('operation');

const OPEN: Pick<Operation, 'auth'> = { auth: 'none' };

/** Marks a route outside the contract that anybody may call. */
export function Open(): MethodDecorator {
  return SetMetadata(OPERATION, OPEN);
}

const METHODS = {
  get: RequestMethod.GET,
  post: RequestMethod.POST,
  put: RequestMethod.PUT,
  patch: RequestMethod.PATCH,
  delete: RequestMethod.DELETE,
} as const;

/** What the guard and the validation leave on a request for its handler. */
export interface OperationRequest extends FastifyRequest {
  caller?: Caller;
  input?: ValidatedInput;
}

interface ValidatedInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: unknown;
  readonly body: unknown;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/** The validated input of an operation, as its contract types it. */
export interface InputOf<O extends Operation> {
  readonly params: Parsed<O['params']>;
  readonly query: Parsed<O['query']>;
  readonly headers: Parsed<O['headers']>;
  readonly body: Parsed<O['body']>;
}

/** Binds a handler to an operation of the contract: route, status, authorisation and validation come from there. */
export function Endpoint(operation: Operation): MethodDecorator {
  return applyDecorators(
    SetMetadata(OPERATION, operation),
    RequestMapping({ path: operation.path.replace(/\{(\w+)\}/g, ':$1'), method: METHODS[operation.method] }),
    HttpCode(operation.success.status),
  );
}

/** The validated input of the operation; type the parameter as `InputOf<typeof operations.x>`. */
export const Input = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<OperationRequest>().input;
});

/** Who calls; only in operations with `auth: 'context'`. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<OperationRequest>().caller;
});
