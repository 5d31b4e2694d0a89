import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { documentWorkflowId, type UploadMetadata, type UploadResponse } from '#libs/contracts/index.js';
import type { ObjectStore } from '#libs/stores/objects/index.js';
import { query, type SurrealSession } from '#libs/stores/surreal/index.js';
import { testContext, testServices, type TestServices } from '../../test/setup/services-for-test.js';
import { UploadAcceptance } from './accept-upload.js';
import { clearUpUploads } from './clear-up-uploads.js';
import { DocumentRepository, writeFailure, type StoredDocument } from './repository/index.js';

let test: TestServices;
let contextId: string;
let session: SurrealSession;
let documents: DocumentRepository;
let objects: ObjectStore;
beforeAll(async () => {
  test = await testServices();
  ({ contextId } = await testContext(test.services));
  session = await test.services.server.session((await test.services.registry.get(contextId)).ref);
  documents = new DocumentRepository(session);
  ({ objects } = test.services);
}, 60_000);
afterAll(() => test.close());

function upload(
  content: string,
  metadata: UploadMetadata = {},
  on = test.services.acceptance,
): Promise<UploadResponse> {
  const body = Readable.from([Buffer.from(content)]);
  return on.accept({ contextId, session, body, mimeType: 'text/plain', fileName: 'note.txt', metadata });
}

async function stored(id: string): Promise<StoredDocument> {
  const document = await documents.find(id);
  if (!document) throw new Error(`there is no document ${id}`);
  return document;
}

/** An upload whose processing ended in a verdict. */
async function failed(content: string, metadata: UploadMetadata = {}): Promise<StoredDocument> {
  const { id } = await upload(content, metadata);
  await writeFailure(session, { documentId: id, version: 1, workflowId: documentWorkflowId(contextId, id, 1) }, 'No.');
  return stored(id);
}

const FIRST = { title: 'First', source: 'one', labels: ['team=red'], observedAt: '2026-01-02T03:04:05Z' };
const SECOND = { title: 'Second', source: 'two', labels: ['team=blue'], observedAt: '2025-01-02T03:04:05Z' };

describe('a failed document that is sent again', () => {
  it('takes what its new upload says of it, media type included', async () => {
    const { id } = await failed('Sent again with other words about it.', FIRST);
    const body = Readable.from([Buffer.from('Sent again with other words about it.')]);
    const request = { contextId, session, body, mimeType: 'text/markdown', fileName: 'note.md', metadata: SECOND };
    expect(await test.services.acceptance.accept(request)).toMatchObject({ id, status: 'queued', deduplicated: false });
    const { observedAt, ...said } = SECOND;
    expect(await stored(id)).toMatchObject({ ...said, version: 2, status: 'queued', mimeType: 'text/markdown' });
    expect(Date.parse((await stored(id)).observedAt ?? '')).toBe(Date.parse(observedAt));
  });

  it('keeps what its new upload says nothing of, and that its title was chosen', async () => {
    const { id } = await failed('Sent again without a word.', FIRST);
    await upload('Sent again without a word.');
    const { observedAt, ...said } = FIRST;
    expect(await stored(id)).toMatchObject({ ...said, version: 2, titleGiven: true });
    expect(Date.parse((await stored(id)).observedAt ?? '')).toBe(Date.parse(observedAt));
  });

  it('keeps its bytes where they are, and the copy goes', async () => {
    const { id, storageKey } = await failed('Kept where it was.');
    await upload('Kept where it was.');
    expect((await stored(id)).storageKey).toBe(storageKey);
    expect(Buffer.from(await objects.get(storageKey)).toString()).toBe('Kept where it was.');
    expect(await objects.provisional(0)).toEqual([]);
  });

  it('gets the bytes of its new upload when its own were lost', async () => {
    const { id, storageKey } = await failed('Lost in a restore.');
    await objects.delete(storageKey);
    expect(await upload('Lost in a restore.')).toMatchObject({ id, deduplicated: false });
    const again = await stored(id);
    expect(again.storageKey).not.toBe(storageKey);
    expect(Buffer.from(await objects.get(again.storageKey)).toString()).toBe('Lost in a restore.');
  });

  it('keeps the bytes that took the place of lost ones, though the api died before they were marked as kept', async () => {
    const { id, storageKey } = await failed('Promised again.');
    await objects.delete(storageKey);
    const { pool, notifier, generation, logger, server, registry } = test.services;
    const dying: ObjectStore = new Proxy(objects, {
      get: (store, name) => {
        if (name === 'keep') return () => Promise.reject(new Error('died'));
        return (Reflect.get(store, name) as () => unknown).bind(store);
      },
    });
    const acceptance = new UploadAcceptance({ pool, notifier, objects: dying, generation, maxBytes: 1_000, logger });
    await upload('Promised again.', {}, acceptance);
    const { storageKey: key } = await stored(id);
    expect(await objects.provisional(0)).toEqual([key]);
    // As before its record is made.
    await query(session, `UPDATE type::record('document', $id) SET version = 1, storage_key = $storageKey`, {
      id,
      storageKey,
    });
    const sessionOf = async (context: string): Promise<SurrealSession | null> => {
      const found = await registry.find(context);
      return found && server.session(found.ref);
    };
    expect(await clearUpUploads({ pool, objects, sessionOf }, { olderThanMs: 0 })).toMatchObject({
      halves: 0,
      orphans: 0,
    });
    expect([await objects.exists(key), await objects.provisional(0)]).toEqual([true, []]);
  });
});

describe('the title of an upload', () => {
  it.each([
    ['is chosen when it is given, also as its source', { title: 'Same', source: 'Same' }, true],
    ['is not chosen when only a source is given', { source: 'intranet' }, false],
    ['is not chosen when nothing is given', {}, false],
  ])('%s', async (name, metadata, titleGiven) => {
    const { id } = await upload(name, metadata);
    expect((await stored(id)).titleGiven).toBe(titleGiven);
  });
});
