// graphile-worker with one task that does nothing, as a process of its own.
import { Logger, run } from 'graphile-worker';
import pg from 'pg';
import { answer, machineMs } from './answer.mjs';

const { url, worker } = JSON.parse(process.argv[2]);
const starts = [];
const logger = new Logger(() => (level, message) => {
  if (level === 'error') process.stderr.write(`graphile-worker: ${message}\n`);
});
const pool = new pg.Pool({ connectionString: url, max: worker.maxPoolSize });
pool.on('error', () => undefined);
pool.on('connect', (client) => client.on('error', () => undefined));
await Promise.all(Array.from({ length: 8 }, () => pool.query('select pg_sleep(0.05)')));
let runner;
let done = 0;

answer({
  start: async () => {
    runner = await run({
      preset: { worker: { ...worker, logger } },
      pgPool: pool,
      noHandleSignals: true,
      taskList: {
        happened: ({ number }) => {
          starts.push([number, machineMs()]);
          done += 1;
        },
      },
    });
  },
  done: () => done,
  starts: () => starts.splice(0),
  listening: () => true,
  stop: async () => {
    await runner.stop();
    await pool.end();
  },
});
