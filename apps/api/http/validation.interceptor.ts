import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Observable } from 'rxjs';
import type { z } from 'zod';
import { MalformedIdError, toDeclaredCasing, ValidationError, type Operation } from '#libs/contracts/index.js';
import { OPERATION, type OperationRequest } from './endpoint.js';

function issuesOf(error: z.ZodError): { path: string; message: string }[] {
  return error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
}

/** Validates one part of a request. @throws ValidationError naming every field that is wrong. */
export function validate(schema: z.ZodType, value: unknown, where: string): unknown {
  const result = schema.safeParse(toDeclaredCasing(schema, value));
  if (result.success) return result.data;
  const issues = issuesOf(result.error);
  const sentence = issues.map((issue) => (issue.path ? `${issue.path}: ${issue.message}` : issue.message)).join('; ');
  throw new ValidationError(`The ${where} is not as documented: ${sentence}.`, issues);
}

function validateParams(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const sentence = issuesOf(result.error).map((issue) => `${issue.path} ${issue.message}`);
  throw new MalformedIdError(`The path is malformed: ${sentence.join('; ')}.`);
}

/** Checks path, query, headers and body against the operation's contract before the handler sees them. */
@Injectable()
export class ValidationInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const operation = this.reflector.get<Operation>(OPERATION, context.getHandler());
    const request = context.switchToHttp().getRequest<OperationRequest>();
    request.input = {
      params: operation.params ? validateParams(operation.params, request.params) : undefined,
      query: operation.query ? validate(operation.query, request.query, 'query string') : undefined,
      headers: operation.headers ? validate(operation.headers, request.headers, 'headers') : undefined,
      body: operation.body
        ? validate(operation.body, operation.bodyOptional ? (request.body ?? {}) : request.body, 'body')
        : undefined,
    };
    return next.handle();
  }
}
