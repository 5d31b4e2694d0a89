import { Controller, Inject } from '@nestjs/common';
import { KeyRing } from '#libs/access/index.js';
import { operations, type KeyDetail, type MintedKey } from '#libs/contracts/index.js';
import { Endpoint, Input, type InputOf } from '../http/endpoint.js';

/** Keys of a Context as its operator sees them. */
@Controller()
export class ContextKeysController {
  constructor(@Inject(KeyRing) private readonly keys: KeyRing) {}

  @Endpoint(operations.mintPrincipalKey)
  mint(@Input() input: InputOf<typeof operations.mintPrincipalKey>): Promise<MintedKey> {
    const { contextId, principalId, keyName } = input.params;
    return this.keys.mint({
      contextId,
      principalId,
      name: keyName,
      ttlSeconds: input.query.ttlSeconds,
      grants: input.body.grants,
    });
  }

  @Endpoint(operations.listPrincipalKeys)
  listOfPrincipal(@Input() input: InputOf<typeof operations.listPrincipalKeys>): Promise<KeyDetail[]> {
    return this.keys.list(input.params.contextId, input.params.principalId);
  }

  @Endpoint(operations.deletePrincipalKey)
  deleteOfPrincipal(@Input() input: InputOf<typeof operations.deletePrincipalKey>): Promise<void> {
    return this.keys.delete(input.params.contextId, input.params.keyName, input.params.principalId);
  }

  @Endpoint(operations.listContextKeys)
  list(@Input() input: InputOf<typeof operations.listContextKeys>): Promise<KeyDetail[]> {
    return this.keys.list(input.params.contextId);
  }

  @Endpoint(operations.deleteContextKey)
  delete(@Input() input: InputOf<typeof operations.deleteContextKey>): Promise<void> {
    return this.keys.delete(input.params.contextId, input.params.keyName);
  }
}
