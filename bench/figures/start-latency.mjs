import { runMigrations } from 'graphile-worker';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { Notifier, outboxChannel } from '#libs/events/index.js';
import { interleave, quantile, ratioOf } from '../statistics.mjs';
import { machineMs } from '../workers/answer.mjs';
import { WorkerProcess } from '../worker-process.mjs';

const PER_SECOND = 100;
/** The peer without its local queue and batching: those trade latency for throughput. */
const PEER = { concurrentJobs: 10, maxPoolSize: 12 };

const PUBLISH = `
  insert into core.outbox (event_type, event_version, source, content_class, channel, generation, payload, idempotency_key,
                           occurred_at, available_at)
  values ('bench.happened', 1, 'bench', 'SYNTHETIC', $1, $2, $3, $4, clock_timestamp(), clock_timestamp())`;

/** Sends `count` events at a steady rate, whatever becomes of them. @returns milliseconds from commit to handler start */
async function segment(worker, count, send) {
  const committed = new Map();
  const began = performance.now();
  const sending = [];
  for (let number = 0; number < count; number += 1) {
    await sleep(Math.max(0, began + (number * 1000) / PER_SECOND - performance.now()));
    sending.push(send(number).then((at) => committed.set(number, at)));
  }
  await Promise.all(sending);
  const started = [];
  for (const until = performance.now() + 15_000; started.length < count; await sleep(20)) {
    started.push(...(await worker.ask('starts')));
    if (performance.now() > until) throw new Error(`only ${started.length} of ${count} events were started`);
  }
  // A relay may see the row before the publisher hears of its commit.
  return started.map(([number, at]) => Math.max(0, at - committed.get(number)));
}

export const startLatency = {
  name: 'start-latency',
  title: `commit -> handler start at ${PER_SECOND} events/s`,
  async run({ stack, options, say }) {
    const count = options.quick ? 200 : 500;
    const database = await stack.database();
    const { pool, url, generation } = database;
    await runMigrations({ connectionString: url });

    const notifier = new Notifier({ pool, logger: { warn: (fields) => say(`  ${JSON.stringify(fields)}`) } });
    const publishers = new pg.Pool({ connectionString: url, max: 8 });
    const closePublishers = stack.closing(() => publishers.end());

    const inTransaction = async (work) => {
      const client = await publishers.connect();
      try {
        await client.query('begin');
        await work(client);
        await client.query('commit');
        return machineMs();
      } finally {
        client.release();
      }
    };
    let sent = 0;
    const publish = async (number) => {
      const at = await inTransaction((tx) =>
        tx.query(PUBLISH, [outboxChannel(generation), generation, { number }, `bench:${(sent += 1)}`]),
      );
      notifier.wake(generation);
      return at;
    };
    const addJob = (number) =>
      inTransaction((tx) => tx.query(`select graphile_worker.add_job('happened', $1::json)`, [{ number }]));

    const relay = await WorkerProcess.start(stack, 'relay.mjs', { url, generation, name: 'bench-worker' });
    const peer = await WorkerProcess.start(stack, 'graphile.mjs', { url, worker: PEER });
    await Promise.all([relay.ask('start'), peer.ask('start')]);
    for (const until = performance.now() + 10_000; !(await relay.ask('listening')); await sleep(20)) {
      if (performance.now() > until) throw new Error('the relay does not listen');
    }
    await segment(relay, 50, publish);
    await segment(peer, 50, addJob);
    const samples = await interleave({
      rounds: options.quick ? 2 : 6,
      ours: () => segment(relay, count, publish),
      peer: () => segment(peer, count, addJob),
      onRound: (round, ours, theirs) =>
        say(
          `  p50 ${quantile(ours, 0.5).toFixed(1)} against ${quantile(theirs, 0.5).toFixed(1)} ms, p99 ${quantile(ours, 0.99).toFixed(1)} against ${quantile(theirs, 0.99).toFixed(1)} ms`,
        ),
    });
    await Promise.all([relay.ask('stop'), peer.ask('stop')]);
    await Promise.all([relay.stop(), peer.stop(), notifier.stop(), closePublishers()]);
    await database.drop();

    return [
      [0.5, 10],
      [0.99, 50],
    ].map(([q, limitMs]) => {
      const ours = quantile(samples.ours.flat(), q);
      const ratio = ratioOf(
        samples.ours.map((segmentMs) => quantile(segmentMs, q)),
        samples.peer.map((segmentMs) => quantile(segmentMs, q)),
      );
      return {
        figure: this.name,
        measures: `${this.title}, p${q * 100}`,
        unit: 'ms',
        ours,
        peer: { name: 'graphile-worker 0.18, add_job in a transaction', value: quantile(samples.peer.flat(), q) },
        ratio,
        bar: `< ${limitMs} ms and <= 1.5x`,
        met: ours < limitMs && ratio.median <= 1.5,
      };
    });
  },
};
