import { createHash, randomUUIDv7 } from 'node:crypto';
import pg from 'pg';
import { idFromDigest } from '#libs/contracts/index.js';
import { Notifier, outboxChannel, publish } from '#libs/events/index.js';
import { createPool, withTransaction } from '#libs/stores/postgres/index.js';
import { interleave, median, ratioOf } from '../statistics.mjs';

const WRITERS = 16;

/** The columns that publish() writes, into a table with the same columns, checks and primary key, and no other index. */
const PLAIN_INSERT = `
  insert into plain_outbox (id, event_type, event_version, source, target, content_class, channel, generation, domain_id,
                            org_id, payload, idempotency_key, trace_context, occurred_at, available_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, clock_timestamp(), clock_timestamp())`;

function payloadOf(number) {
  return {
    contextId: 'bench',
    documentId: idFromDigest(createHash('sha256').update(String(number)).digest()),
    version: 1,
    storageKey: `contexts/bench/originals/${number}`,
    contentHash: `blake3:${String(number).padStart(64, '0')}`,
    mimeType: 'text/plain',
    sizeBytes: 1000,
    title: `Note ${number}`,
    source: `note-${number}.txt`,
    labels: [],
    observedAt: null,
    acceptedAt: new Date().toISOString(),
  };
}

/** 16 writers, `perWriter` transactions each. @returns microseconds per transaction */
async function write(perWriter, one) {
  const began = performance.now();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let n = 0; n < perWriter; n += 1) await one(writer * perWriter + n);
    }),
  );
  return ((performance.now() - began) * 1000) / (perWriter * WRITERS);
}

export const outboxInsert = {
  name: 'outbox-insert',
  title: `outbox insert inside a business transaction, ${WRITERS} writers`,
  async run({ stack, options, say }) {
    const perWriter = options.quick ? 100 : 300;
    const database = await stack.database();
    const { generation } = database;
    const pool = createPool({
      url: database.url,
      max: WRITERS + 2,
      applicationName: 'bench',
      onError: () => undefined,
    });
    const closePool = stack.closing(() => pool.end());
    await pool.query(`create table business (id bigint generated always as identity primary key, what text not null);
      create table plain_outbox (like core.outbox including defaults including constraints, primary key (id))`);
    // Somebody hears the notifications, as in a running system; nobody works on the rows.
    const listener = new pg.Client({ connectionString: database.url });
    await listener.connect();
    const closeListener = stack.closing(() => listener.end());
    await listener.query(`listen ${listener.escapeIdentifier(outboxChannel(generation))}`);
    const notifier = new Notifier({ pool, logger: { warn: (fields) => say(`  ${JSON.stringify(fields)}`) } });

    const business = (tx, number) => tx.query('insert into business (what) values ($1)', [`order ${number}`]);
    const withOutbox = async (number) => {
      await withTransaction(pool, async (tx) => {
        await business(tx, number);
        await publish(tx, {
          type: 'document.accepted',
          payload: payloadOf(number),
          idempotencyKey: `document/bench/d${number}/v1`,
          generation,
        });
      });
      notifier.wake(generation);
    };
    const plain = (number) =>
      withTransaction(pool, async (tx) => {
        await business(tx, number);
        await tx.query(PLAIN_INSERT, [
          randomUUIDv7(),
          'document.accepted',
          1,
          'documents',
          null,
          'PLATFORM',
          outboxChannel(generation),
          generation,
          null,
          null,
          JSON.stringify(payloadOf(number)),
          `document/bench/d${number}/v1`,
          null,
        ]);
      });
    await write(50, withOutbox);
    await write(50, plain);
    const samples = await interleave({
      rounds: options.quick ? 4 : 15,
      ours: () => write(perWriter, withOutbox),
      peer: () => write(perWriter, plain),
    });
    await notifier.stop();
    await closeListener();
    await closePool();
    await database.drop();
    const ratio = ratioOf(samples.ours, samples.peer);
    say(
      `  ${(1e6 / median(samples.ours)).toFixed(0)} against ${(1e6 / median(samples.peer)).toFixed(0)} transactions/s`,
    );
    return [
      {
        figure: this.name,
        measures: this.title,
        unit: 'us/transaction',
        ours: median(samples.ours),
        peer: { name: 'plain insert of the same row, without notification', value: median(samples.peer) },
        ratio,
        bar: '<= 1.2x',
        met: ratio.median <= 1.2,
      },
    ];
  },
};
