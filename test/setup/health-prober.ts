import { Worker } from 'node:worker_threads';

/** Asks one after the other on one connection, from a thread of its own: a busy test must not look like a busy api. */
const PROBER = `
  const { Agent, get } = require('node:http');
  const { parentPort, workerData } = require('node:worker_threads');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answers = [];
  let stopped = false;
  parentPort.once('message', () => { stopped = true; });
  const ask = () => {
    const asked = performance.now();
    const note = (status) => {
      answers.push({ status, ms: performance.now() - asked });
      if (stopped) { agent.destroy(); parentPort.postMessage(answers); } else setTimeout(ask, 10);
    };
    get(workerData + '/health/live', { agent }, (answer) => {
      answer.resume();
      answer.once('end', () => note(answer.statusCode));
    }).once('error', () => note(0));
  };
  ask();
`;

export interface HealthAnswer {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly ms: number;
}

/** Asks an api for /health/live all the time. @returns what ends it and gives all answers. */
export function probeHealth(url: string): () => Promise<HealthAnswer[]> {
  const worker = new Worker(PROBER, { eval: true, workerData: url });
  return async () => {
    const answers = new Promise<HealthAnswer[]>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
    worker.postMessage('stop');
    try {
      return await answers;
    } finally {
      await worker.terminate();
    }
  };
}
