import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../test/setup/postgres-for-test.js';
import type { EventPayload } from '#libs/contracts/index.js';
import { withTransaction } from '#libs/stores/postgres/index.js';
import { continueTrace, runInTrace } from '#libs/telemetry/index.js';
import { EventContractError, publish, type NewEvent } from './index.js';

const payload: EventPayload<'document.accepted'> = {
  contextId: 'demo',
  documentId: '0'.repeat(26),
  version: 1,
  storageKey: 'raw/1',
  contentHash: 'blake3:1',
  mimeType: 'text/plain',
  sizeBytes: 1,
  title: 'A',
  source: 'upload',
  labels: [],
  observedAt: null,
  acceptedAt: '2026-11-21T00:00:00Z',
};

describe('publish', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  const event = (change: Partial<NewEvent<'document.accepted'>> = {}): NewEvent<'document.accepted'> => ({
    type: 'document.accepted',
    payload,
    idempotencyKey: 'document:1',
    generation: 42,
    ...change,
  });

  it('stamps version, source, content class, generation, channel and trace, and waits as pending', async () => {
    const trace = continueTrace(undefined);
    const { id } = await runInTrace(trace, () => withTransaction(database.pool, (tx) => publish(tx, event())));
    const { rows } = await database.pool.query('select * from core.outbox where id = $1', [id]);
    expect(rows).toEqual([
      expect.objectContaining({
        event_type: 'document.accepted',
        event_version: 1,
        source: 'documents',
        target: null,
        content_class: 'PLATFORM',
        channel: 'outbox_gen_42',
        generation: '42',
        payload,
        idempotency_key: 'document:1',
        trace_context: expect.stringContaining(trace.traceId),
        status: 'pending',
        attempts: 0,
        failure_history: [],
        claimed_at: null,
      }),
    ]);
  });

  it('is part of the business transaction: rolled back, there is no event', async () => {
    let id: string | undefined;
    const work = withTransaction(database.pool, async (tx) => {
      ({ id } = await publish(tx, event()));
      throw new Error('business said no');
    });
    await expect(work).rejects.toThrow('business said no');
    const { rowCount } = await database.pool.query('select from core.outbox where id = $1', [id]);
    expect(rowCount).toBe(0);
  });

  it('cannot be called outside a transaction: neither a pool nor a client is one', () => {
    const outside = (): unknown[] => [
      // @ts-expect-error a pool is no transaction
      publish(database.pool, event()),
      // @ts-expect-error an object that only looks like one is not one
      publish({ query: () => Promise.reject(new Error('no')) }, event()),
    ];
    expect(outside).toBeInstanceOf(Function); // The compiler is the test; nothing is run.
  });

  it.each([
    ['a payload that breaks the contract', event({ payload: { ...payload, sizeBytes: -1 } })],
    ['a missing generation', event({ generation: NaN })],
    ['an empty idempotency key', event({ idempotencyKey: '' })],
  ])('refuses %s, as a defect of the publisher', async (_name, broken) => {
    const work = withTransaction(database.pool, (tx) => publish(tx, broken));
    await expect(work).rejects.toBeInstanceOf(EventContractError);
    await expect(work).rejects.toMatchObject({ status: 500, code: 'event_contract' });
  });
});
