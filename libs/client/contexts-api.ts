import type { z } from 'zod';
import type { Context, createContextRequestSchema } from '#libs/contracts/index.js';
import type { Transport } from './transport.js';

export type CreateContext = z.input<typeof createContextRequestSchema>;

const BASE = '/api/v1/contexts';

/** Contexts of the deployment; needs a management key. */
export class ContextsApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(): Promise<Context[]> {
    const answer = await this.#transport.json<{ contexts: Context[] }>({
      method: 'GET',
      path: BASE,
      auth: 'management',
    });
    return answer.contexts;
  }

  async create(id: string, body: CreateContext): Promise<Context> {
    return this.#transport.json({ method: 'POST', path: contextPath(id), auth: 'management', json: body });
  }

  async get(id: string): Promise<Context> {
    return this.#transport.json({ method: 'GET', path: contextPath(id), auth: 'management' });
  }

  async delete(id: string): Promise<void> {
    await this.#transport.json({ method: 'DELETE', path: contextPath(id), auth: 'management' });
  }
}

/** Path of a Context on the management surface. */
export function contextPath(id: string): string {
  return `${BASE}/${encodeURIComponent(id)}`;
}
