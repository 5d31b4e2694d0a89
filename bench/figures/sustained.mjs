import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { documentWorkflowId } from '#libs/contracts/index.js';
import { openTemporalClient } from '../../dist/temporal/connection.js';
import { GeneratedText } from '../generated-text.mjs';
import { coresUsed, cpuByPart } from '../processes.mjs';
import { quantile } from '../statistics.mjs';
import { availableParallelism } from 'node:os';

/** Shares of what a burst reached, tried from the top until one leaves no backlog growing. */
const STEPS = [1.1, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];
/** Shares that are left out after a rate that fell behind only in the long run. */
const LONG_RUN_SKIPS = 1;
/** Documents that may wait without being taken for a backlog, however slow the machine is. */
const LEAST_BACKLOG = 10;
/** Uploads under way at once, at most: above that the api is what does not keep up. */
const MAX_UPLOADS = 200;

/** Accepts at a steady rate whether or not they are worked off. */
class Load {
  accepted = [];
  #failed = 0;
  #last;
  #numbers = 0;

  constructor(context, generated, name) {
    this.context = context;
    this.generated = generated;
    this.name = name;
  }

  /**
   * Ends early when it has clearly fallen behind.
   * @returns accepted minus ready after a third of the time and at the end, and whether the rate was kept up with
   */
  async hold(rate, seconds, onSecond) {
    const backlogs = [];
    const sending = new Set();
    const began = performance.now();
    let sent = 0;
    let late = false;
    for (let second = 1; second <= seconds; second += 1) {
      while (performance.now() < began + second * 1000) {
        const due = Math.floor(((performance.now() - began) / 1000) * rate);
        while (sent < due) {
          sent += 1;
          if (sending.size >= MAX_UPLOADS) {
            late = true;
            continue;
          }
          const upload = this.#upload().finally(() => sending.delete(upload));
          sending.add(upload);
        }
        await sleep(5);
      }
      backlogs.push(this.accepted.length - (await this.context.count('ready')));
      onSecond?.(second, backlogs.at(-1));
      const allowed = (backlogs[Math.floor(seconds / 3)] ?? Infinity) + Math.max(rate, LEAST_BACKLOG);
      if (backlogs.at(-1) > allowed + 2 * rate) break;
    }
    await Promise.all(sending);
    if (this.#failed > 0) throw new Error(`${this.#failed} uploads failed: ${this.#last.message}`);
    const third = backlogs[Math.floor(seconds / 3)];
    const end = Math.max(...backlogs.slice(-2));
    return { third, end, keepsUp: !late && end <= third + Math.max(rate, LEAST_BACKLOG) };
  }

  async drain() {
    await this.context.untilReady(this.accepted.length, { everyMs: 250 });
  }

  async #upload() {
    try {
      const text = `${this.generated.title()}\n\n${this.generated.passage()}\n`;
      this.accepted.push(await this.context.upload(Buffer.from(text), `${this.name}-${(this.#numbers += 1)}.txt`));
    } catch (error) {
      this.#failed += 1;
      this.#last = error;
    }
  }
}

/** Documents per second that a burst of accepts is worked off with. */
async function burst(stack, generated, total) {
  const load = new Load(await stack.context(), generated, 'burst');
  const began = performance.now();
  await load.hold(total / 2, 2);
  await load.drain();
  return load.accepted.length / ((performance.now() - began) / 1000);
}

async function limitOf(stack, load, rate, seconds, say) {
  const before = cpuByPart(stack.pid);
  const own = process.cpuUsage();
  const began = performance.now();
  const held = await load.hold(rate, seconds, (second, backlog) => {
    if (second % 15 === 0) say(`  ${second} s at ${rate.toFixed(1)}/s: ${backlog} waiting`);
  });
  const elapsed = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(own);
  const cores = coresUsed(before, cpuByPart(stack.pid), elapsed);
  return { ...held, cores: { ...cores, 'load generator': (user + system) / 1e6 / elapsed } };
}

/**
 * Milliseconds from the insert of the outbox row, just before its commit, to the start of its workflow, as Postgres and
 * Temporal noted them.
 */
async function startDelays(stack, context, accepted) {
  const postgres = new pg.Client({ connectionString: stack.environment.DATABASE_URL });
  await postgres.connect();
  const { rows } = await postgres.query(
    `select idempotency_key as id, extract(epoch from occurred_at)::float8 * 1000 as at from core.outbox
      where idempotency_key = any($1)`,
    [accepted.map(({ id }) => documentWorkflowId(context.id, id, 1))],
  );
  await postgres.end();
  const inserted = new Map(rows.map(({ id, at }) => [id, at]));
  const { client, connection } = openTemporalClient({
    address: stack.addresses.temporal,
    namespace: 'default',
    tls: false,
  });
  const delays = [];
  try {
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        const ids = [...inserted.keys()].filter((_id, index) => index % 8 === lane);
        for (const id of ids) {
          const { startTime } = await client.workflow.getHandle(id).describe();
          delays.push(startTime.getTime() - inserted.get(id));
        }
      }),
    );
  } finally {
    await connection.close();
  }
  return delays;
}

function describeLimit(cores) {
  const used = Object.values(cores).reduce((sum, value) => sum + value, 0);
  const [[part, most]] = Object.entries(cores).sort(([, a], [, b]) => b - a);
  const all = availableParallelism();
  const list = Object.entries(cores)
    .map(([name, value]) => `${name} ${value.toFixed(2)}`)
    .join(', ');
  const limit =
    used >= 0.85 * all
      ? `CPU, most of it in ${part} (${most.toFixed(2)} cores)`
      : `not the CPU as a whole; the busiest is ${part} (${most.toFixed(2)} cores)`;
  return `limit: ${limit}; ${used.toFixed(2)} of ${all} cores: ${list}`;
}

export const sustained = {
  name: 'sustained',
  title: 'accepts -> ready, sustained at the highest rate without growing backlog',
  async run({ stack, options, say }) {
    const seconds = options.quick ? { step: 6, hold: 10, calm: 6 } : { step: 12, hold: 120, calm: 30 };
    const generated = new GeneratedText(options.seed + 3);
    const reached = await burst(stack, generated, options.quick ? 80 : 250);
    say(`  a burst is worked off at ${reached.toFixed(1)} documents/s`);
    let rate;
    let held;
    let isStep = true;
    let skips = 0;
    for (const share of STEPS) {
      if (skips > 0) {
        skips -= 1;
        continue;
      }
      rate = reached * share;
      const load = new Load(await stack.context(), generated, `step-${share}`);
      if (isStep) {
        const step = await load.hold(rate, seconds.step);
        await load.drain();
        say(`  ${rate.toFixed(1)}/s: ${step.keepsUp ? 'keeps up' : `falls behind (${step.third} -> ${step.end})`}`);
        if (!step.keepsUp) continue;
      }
      const long = new Load(await stack.context(), generated, 'held');
      held = await limitOf(stack, long, rate, seconds.hold, say);
      await long.drain();
      if (held.keepsUp) break;
      say(`  ${rate.toFixed(1)}/s falls behind in the long run`);
      // What fell behind only in the long run was near: the next rate is held at once.
      isStep = false;
      skips = LONG_RUN_SKIPS;
    }
    if (!held?.keepsUp) throw new Error(`even ${rate.toFixed(1)} documents/s left a growing backlog`);
    const calm = new Load(await stack.context(), generated, 'calm');
    await calm.hold(rate * 0.8, seconds.calm);
    await calm.drain();
    const delays = await startDelays(stack, calm.context, calm.accepted);
    return [
      {
        figure: this.name,
        measures: `accepts -> ready sustained for ${seconds.hold} s`,
        unit: 'documents/s',
        ours: rate,
        cores: held.cores,
        note: describeLimit(held.cores),
      },
      {
        figure: this.name,
        measures: `commit -> workflow start at 80 % of it (${(rate * 0.8).toFixed(1)}/s), p99`,
        unit: 'ms',
        ours: quantile(delays, 0.99),
        note: `p50 ${quantile(delays, 0.5).toFixed(0)} ms over ${delays.length} documents`,
      },
    ];
  },
};
