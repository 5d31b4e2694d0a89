import { setTimeout as sleep } from 'node:timers/promises';
import { SpectraClient } from '#libs/client/index.js';

/** One Context of the stack, used through the public API. */
export class Context {
  #headers;

  static async create(stack, id) {
    const { managementApiKey } = stack.credentials;
    const management = { authorization: `Bearer ${managementApiKey}`, 'content-type': 'application/json' };
    const post = async (path, body) => {
      const response = await fetch(`${stack.url}/api/v1/${path}`, {
        method: 'POST',
        headers: management,
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response.json();
    };
    await post(`contexts/${id}`, { namespace: 'bench', database: id });
    const { key } = await post(`contexts/${id}/principals/admin/keys/bench`, {});
    return new Context(stack, id, key);
  }

  constructor(stack, id, key) {
    this.stack = stack;
    this.id = id;
    this.base = `${stack.url}/api/v1/${id}`;
    this.client = new SpectraClient({ url: stack.url, contextId: id, apiKey: key });
    this.#headers = { authorization: `Bearer ${key}` };
  }

  /** Uploads bytes as a new document. @returns its id and the wall-clock time of the 202 */
  async upload(bytes, fileName, mediaType = 'text/plain') {
    const form = new FormData();
    form.append('file', new Blob([bytes], { type: mediaType }), fileName);
    const response = await this.#send('documents', { method: 'POST', body: form });
    const answer = await response.json();
    if (answer.deduplicated) throw new Error(`${fileName} was there before`);
    return { id: answer.id, acceptedAt: Date.now() };
  }

  /** Asks. @param route `query` or `documents/query` @returns the answer's hits */
  async ask(route, query) {
    const response = await this.#send(route, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, k: 10 }),
    });
    const answer = await response.json();
    return answer.hits ?? answer.results;
  }

  /** How many documents have this status. */
  async count(status) {
    const response = await this.#send(`documents?pageSize=1&status=${status}`);
    return (await response.json()).total;
  }

  /** All documents of the Context, newest first. */
  async documents() {
    const all = [];
    for await (const { documents } of this.client.documents.pages()) all.push(...documents);
    return all;
  }

  /** Waits until `wanted` documents are ready. Thrown when one failed, or after `withinMs` without one more. */
  async untilReady(wanted, { withinMs = 60_000, everyMs = 100 } = {}) {
    let ready = -1;
    for (let since = performance.now(); ; await sleep(everyMs)) {
      const now = await this.count('ready');
      if (now >= wanted) return;
      if (now > ready) since = performance.now();
      else if (performance.now() - since > withinMs) {
        throw new Error(`${now} of ${wanted} documents are ready, ${await this.count('failed')} failed`);
      }
      ready = now;
    }
  }

  async #send(route, init = {}) {
    const response = await fetch(`${this.base}/${route}`, {
      ...init,
      headers: { ...init.headers, ...this.#headers },
      signal: AbortSignal.timeout(60_000),
    });
    if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
    return response;
  }
}
