import type { KeyDetail, MintedKey } from '#libs/contracts/index.js';
import { contextPath } from './contexts-api.js';
import type { Transport } from './transport.js';

export interface MintKey {
  /** Verb -> scope patterns; by default all that the principal may do. */
  readonly grants?: Readonly<Record<string, readonly string[]>>;
  /** By default the key does not expire. */
  readonly ttlSeconds?: number | undefined;
}

/** Keys of a Context, each bound to a principal; needs a management key. */
export class KeysApi {
  readonly #transport: Transport;
  readonly #context: () => string;

  /** @param context id of the Context; throws when none is set */
  constructor(transport: Transport, context: () => string) {
    this.#transport = transport;
    this.#context = context;
  }

  #ofPrincipal(principal: string, name?: string): string {
    const base = `${contextPath(this.#context())}/principals/${encodeURIComponent(principal)}/keys`;
    return name === undefined ? base : `${base}/${encodeURIComponent(name)}`;
  }

  /** Mints a key; its secret is in the answer and nowhere else, ever again. */
  async mint(principal: string, name: string, { grants, ttlSeconds }: MintKey = {}): Promise<MintedKey> {
    return this.#transport.json({
      method: 'POST',
      path: this.#ofPrincipal(principal, name),
      auth: 'management',
      query: { ttlSeconds },
      json: grants ? { grants } : {},
    });
  }

  /** The keys of one principal. */
  async list(principal: string): Promise<KeyDetail[]> {
    return this.#transport.json({ method: 'GET', path: this.#ofPrincipal(principal), auth: 'management' });
  }

  /** The keys of all principals of the Context. */
  async listAll(): Promise<KeyDetail[]> {
    return this.#transport.json({ method: 'GET', path: `${contextPath(this.#context())}/keys`, auth: 'management' });
  }

  /** Deletes a key of one principal. */
  async delete(principal: string, name: string): Promise<void> {
    await this.#transport.json({ method: 'DELETE', path: this.#ofPrincipal(principal, name), auth: 'management' });
  }

  /** Deletes a key by its name alone: names are unique within a Context. */
  async deleteByName(name: string): Promise<void> {
    const path = `${contextPath(this.#context())}/keys/${encodeURIComponent(name)}`;
    await this.#transport.json({ method: 'DELETE', path, auth: 'management' });
  }
}
