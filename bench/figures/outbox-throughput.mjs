import { runMigrations } from 'graphile-worker';
import { setTimeout as sleep } from 'node:timers/promises';
import { outboxChannel } from '#libs/events/index.js';
import { interleave, median, ratioOf } from '../statistics.mjs';
import { WorkerProcess } from '../worker-process.mjs';

const WORKERS = 2;
/** Rows held at once by each relay; the peer's local queue below is as long. */
const CONCURRENCY = 500;
/** The peer's own configuration for throughput, from its performance page. */
const PEER = {
  concurrentJobs: 24,
  maxPoolSize: 25,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};

const FILL_OUTBOX = `
  insert into core.outbox (event_type, event_version, source, content_class, channel, generation, payload, idempotency_key)
  select 'bench.happened', 1, 'bench', 'SYNTHETIC', $3, $2, jsonb_build_object('number', n), 'bench:' || $4::text || ':' || n
    from generate_series(1, $1) n`;
const FILL_PEER = `
  select count(*) from graphile_worker.add_jobs(array(
    select json_populate_record(null::graphile_worker.job_spec,
             json_build_object('identifier', 'happened', 'payload', json_build_object('number', n)))
      from generate_series(1, $1) n))`;

/** Works off `total` rows with two processes that are connected already. @returns events per second */
async function workOff(stack, { file, input, total, isDone }) {
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, (_, index) =>
      WorkerProcess.start(stack, file, { ...input, name: `bench-worker-${index}` }),
    ),
  );
  const began = performance.now();
  await Promise.all(workers.map((worker) => worker.ask('start')));
  for (;;) {
    const done = await Promise.all(workers.map((worker) => worker.ask('done')));
    if (done.reduce((sum, count) => sum + count, 0) >= total && (await isDone())) break;
    if (performance.now() - began > 120_000) throw new Error(`after two minutes only ${done.join(' + ')} were done`);
    await sleep(5);
  }
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(workers.map((worker) => worker.ask('stop')));
  await Promise.all(workers.map((worker) => worker.stop()));
  return total / seconds;
}

export const outboxThroughput = {
  name: 'outbox-throughput',
  title: 'outbox events/s, batched, 2 worker processes, two deduplicated handlers per event',
  async run({ stack, options, say }) {
    const total = options.quick ? 10_000 : 40_000;
    const database = await stack.database();
    const { pool, url, generation } = database;
    await runMigrations({ connectionString: url });
    const exists = async (sql) => (await pool.query(`select exists(${sql}) as found`)).rows[0].found;
    const samples = await interleave({
      rounds: options.quick ? 2 : 5,
      ours: async (round) => {
        await pool.query(FILL_OUTBOX, [total, generation, outboxChannel(generation), round]);
        await pool.query('vacuum analyze core.outbox');
        const rate = await workOff(stack, {
          file: 'relay.mjs',
          input: { url, generation, concurrency: CONCURRENCY },
          total,
          isDone: async () => !(await exists(`select from core.outbox where status <> 'delivered'`)),
        });
        const { rows } = await pool.query('select count(*)::int as gates from core.event_handled');
        if (rows[0].gates !== total * 2) throw new Error(`${rows[0].gates} closed gates for ${total} events`);
        await pool.query('truncate core.outbox, core.event_handled');
        return rate;
      },
      peer: async () => {
        await pool.query(FILL_PEER, [total]);
        await pool.query('vacuum analyze graphile_worker._private_jobs');
        return workOff(stack, {
          file: 'graphile.mjs',
          input: { url, worker: PEER },
          total,
          isDone: async () => !(await exists('select from graphile_worker._private_jobs')),
        });
      },
      onRound: (round, ours, peer) => say(`  ${ours.toFixed(0)} against ${peer.toFixed(0)} events/s`),
    });
    await database.drop();
    const ratio = ratioOf(samples.ours, samples.peer);
    return [
      {
        figure: this.name,
        measures: this.title,
        unit: 'events/s',
        ours: median(samples.ours),
        peer: {
          name: 'graphile-worker 0.18, local queue 500, batched completion, one task',
          value: median(samples.peer),
        },
        ratio,
        bar: '>= 0.5x, aim 1x',
        met: ratio.median >= 0.5,
        aim: ratio.median >= 1,
      },
    ];
  },
};
