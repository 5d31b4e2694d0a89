// The outbox relay with two handlers per event, as a process of its own. The handlers do nothing: what is measured is
// the way to them, and the dedup gate (core.event_handled) behind them, one row per handler and event.
import { createPool } from '#libs/stores/postgres/index.js';
import { Relay } from '#libs/events/index.js';
import { createLogger } from '#libs/telemetry/index.js';
import { answer, machineMs } from './answer.mjs';

const { url, generation, name, concurrency } = JSON.parse(process.argv[2]);
const pool = createPool({ url, max: 16, applicationName: name, onError: () => undefined });
const starts = [];
const relay = new Relay({
  pool,
  listenUrl: url,
  generation,
  workerId: name,
  concurrency,
  logger: createLogger({ level: 'warn', role: name }),
  handlers: [
    {
      name: 'bench.first',
      eventType: 'bench.happened',
      before: async ({ payload }) => {
        starts.push([payload.number, machineMs()]);
      },
    },
    { name: 'bench.second', eventType: 'bench.happened', before: async () => undefined },
  ],
});
// Connections are opened before the clock runs, as in a worker that has been up for a while.
await Promise.all(Array.from({ length: 8 }, () => pool.query('select pg_sleep(0.05)')));

answer({
  start: async () => relay.start(),
  done: () => relay.status().delivered,
  starts: () => starts.splice(0),
  listening: () => relay.status().listener.healthy,
  stop: async () => {
    await relay.stop({ graceMs: 2_000 });
    await pool.end();
  },
});
