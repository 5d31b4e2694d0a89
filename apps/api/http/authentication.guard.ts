import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { KeyRing } from '#libs/access/index.js';
import { contextIdSchema, MalformedIdError, UnauthorizedError, type Operation } from '#libs/contracts/index.js';
import { OPERATION, type OperationRequest } from './endpoint.js';

function bearer(header: string | undefined): string {
  const key = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  if (!key) throw new UnauthorizedError('No API key was sent. Send `Authorization: Bearer <key>`.');
  return key;
}

/** The one place where a request proves who it is. A route without an operation is refused. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: KeyRing,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const operation = this.reflector.get<Operation | undefined>(OPERATION, context.getHandler());
    if (!operation) return false;
    if (operation.auth === 'none') return true;
    const request = context.switchToHttp().getRequest<OperationRequest>();
    const key = bearer(request.headers.authorization);
    if (operation.auth === 'management') {
      await this.keys.authenticateManagement(key);
      return true;
    }
    const id = contextIdSchema.safeParse((request.params as Record<string, unknown>)['contextId']);
    if (!id.success)
      throw new MalformedIdError(`The Context id is malformed: ${id.error.issues[0]?.message ?? 'not an id'}.`);
    request.caller = await this.keys.authenticate(id.data, key);
    return true;
  }
}
