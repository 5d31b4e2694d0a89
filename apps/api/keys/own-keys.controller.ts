import { Controller, Inject } from '@nestjs/common';
import { KeyRing, type Caller } from '#libs/access/index.js';
import { operations, type KeyDetail, type MintedKey } from '#libs/contracts/index.js';
import { CurrentCaller, Endpoint, Input, type InputOf } from '../http/endpoint.js';

/** A principal's own keys. */
@Controller()
export class OwnKeysController {
  constructor(@Inject(KeyRing) private readonly keys: KeyRing) {}

  @Endpoint(operations.listKeys)
  list(@CurrentCaller() caller: Caller): Promise<KeyDetail[]> {
    return this.keys.list(caller.context.id, caller.principalId);
  }

  @Endpoint(operations.mintKey)
  mint(@CurrentCaller() caller: Caller, @Input() input: InputOf<typeof operations.mintKey>): Promise<MintedKey> {
    return this.keys.mint({
      contextId: caller.context.id,
      principalId: caller.principalId,
      name: input.body.name,
      ttlSeconds: input.query.ttlSeconds,
      grants: input.body.grants,
    });
  }

  @Endpoint(operations.deleteKey)
  delete(@CurrentCaller() caller: Caller, @Input() input: InputOf<typeof operations.deleteKey>): Promise<void> {
    return this.keys.delete(caller.context.id, input.params.keyName, caller.principalId);
  }
}
