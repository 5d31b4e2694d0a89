import { Controller, Inject } from '@nestjs/common';
import { ContextRegistry, KeyRing } from '#libs/access/index.js';
import { contextSchema, operations, RESERVED_CONTEXT_IDS, SpectraError, type Context } from '#libs/contracts/index.js';
import { storageKeys } from '#libs/documents/index.js';
import type { ObjectStore } from '#libs/stores/objects/index.js';
import { Endpoint, Input, type InputOf } from '../http/endpoint.js';
import { OBJECT_STORE } from '../tokens.js';

/** Without the place of its database, which is nobody's business on the wire. */
const toWire = (context: Context): Context => contextSchema.parse(context);

@Controller()
export class ContextsController {
  constructor(
    @Inject(ContextRegistry) private readonly registry: ContextRegistry,
    @Inject(KeyRing) private readonly keys: KeyRing,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
  ) {}

  @Endpoint(operations.listContexts)
  async list(): Promise<{ contexts: Context[] }> {
    return { contexts: (await this.registry.list()).map(toWire) };
  }

  @Endpoint(operations.createContext)
  async create(@Input() input: InputOf<typeof operations.createContext>): Promise<Context> {
    const id = input.params.contextId;
    if (RESERVED_CONTEXT_IDS.has(id)) {
      throw new SpectraError({
        status: 422,
        code: 'reserved_id',
        message: `"${id}" is a route of the API; choose another Context id.`,
      });
    }
    return toWire(await this.registry.create(id, input.body));
  }

  @Endpoint(operations.getContext)
  async get(@Input() input: InputOf<typeof operations.getContext>): Promise<Context> {
    return toWire(await this.registry.get(input.params.contextId));
  }

  @Endpoint(operations.deleteContext)
  async delete(@Input() input: InputOf<typeof operations.deleteContext>): Promise<void> {
    const id = input.params.contextId;
    await this.registry.delete(id, () => this.objects.deletePrefix(storageKeys.context(id)));
    this.keys.forgetContextKeys();
  }
}
