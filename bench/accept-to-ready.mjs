// Measures a running stack through its public API: one-passage documents from accept (202) to `ready`.
//   npm start            in one terminal
//   npm run bench        in another; `npm run bench -- --documents 500 --parallel 16`
// Prints documents/s and the wait per document. It has no peer yet: compare runs on the same machine only.
import { parseArgs } from 'node:util';
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { readClientSettings } from '../dist/libs/client/index.js';

const { values } = parseArgs({
  options: { documents: { type: 'string', default: '200' }, parallel: { type: 'string', default: '8' } },
});
const total = Number(values.documents);
const { url, contextId, apiKey } = await readClientSettings({
  flags: {},
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  uid: process.getuid?.() ?? null,
});
const base = `${url}/api/v1/${contextId}/documents`;
const headers = { authorization: `Bearer ${apiKey}` };
const run = randomBytes(4).toString('hex');

async function call(address, init) {
  const response = await fetch(address, { ...init, headers });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.status === 204 ? null : response.json();
}

async function one(number) {
  const form = new FormData();
  const text = `Note ${number} of run ${run}. The ${number}th measurement of the store room was taken at noon.`;
  form.append('file', new Blob([text], { type: 'text/plain' }), `bench-${run}-${number}.txt`);
  const began = performance.now();
  const { id } = await call(base, { method: 'POST', body: form });
  const accepted = performance.now() - began;
  for (;;) {
    const { status, error } = await call(`${base}/${id}`);
    if (status === 'ready') return { id, accepted, ready: performance.now() - began };
    if (status === 'failed') throw new Error(error);
    await sleep(50);
  }
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))].toFixed(0);
const results = [];
let next = 0;
const began = performance.now();
await Promise.all(
  Array.from({ length: Number(values.parallel) }, async () => {
    while (next < total) results.push(await one(next++));
  }),
);
const seconds = (performance.now() - began) / 1000;
for (const name of ['accepted', 'ready']) {
  const sorted = results.map((result) => result[name]).sort((a, b) => a - b);
  console.log(
    `${name.padEnd(9)} p50 ${quantile(sorted, 0.5)} ms   p95 ${quantile(sorted, 0.95)} ms   max ${sorted.at(-1).toFixed(0)} ms`,
  );
}
console.log(
  `${total} documents in ${seconds.toFixed(1)} s: ${(total / seconds).toFixed(1)} documents/s, ${values.parallel} at a time`,
);
for (const { id } of results) await call(`${base}/${id}`, { method: 'DELETE' });
