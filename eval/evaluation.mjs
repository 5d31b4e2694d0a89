// One evaluation from the data to the figures.
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT } from '../scripts/set-up.mjs';
import { ablate } from './ablation.mjs';
import { openApi } from './api.mjs';
import { askAll } from './ask.mjs';
import { RESAMPLES } from './bootstrap.mjs';
import { readDataSet } from './data-set.mjs';
import { loadConversations } from './load-conversations.mjs';
import { loadDocuments } from './load-documents.mjs';
import { quantile } from './metrics.mjs';
import { askPeers, measureAll, summariseParts } from './scores.mjs';
import { chosenSettings, startStack } from './stack.mjs';
import { createContext, deleteContext, findLoaded, rememberLoaded, requireEmpty } from './target.mjs';
import { withTypos } from './typos.mjs';

const PAIRS = [
  ['service - stemmed', 'service', 'stemmed'],
  ['service - plain', 'service', 'plain'],
];

async function openData(options) {
  const read = await readDataSet(options.folder, options.limits);
  const typed = withTypos(
    read.questions.map(({ question }) => question),
    { share: options.typos, seed: options.seed },
  );
  const data = {
    ...read,
    questions: read.questions.map((question, index) => ({ ...question, question: typed[index] })),
  };
  if (!options.half) return data;
  return { ...data, questions: data.questions.filter(({ half }) => half === options.half) };
}

async function load(options, data, { url, contextId, key, signal }) {
  const api = openApi({ url, key, signal });
  const write = options.as === 'documents' ? loadDocuments : loadConversations;
  return write({ api, contextId, passages: data.passages, parallel: options.parallel });
}

/** Loads, or finds what an earlier run has loaded into the kept folder. */
async function prepare(options, data, service, log, signal) {
  const { url, managementKey } = service;
  const name = [data.sha256, data.passages.length, options.as, options.embeddings.SPECTRA_EMBEDDINGS_MODEL ?? ''].join(
    ' ',
  );
  const before = options.reuse ? findLoaded(options.keptFolder, name) : undefined;
  if (before) {
    log(
      `Using what was loaded at ${before.loadedAt} by code ${before.codeHash.slice(0, 12)} in ${options.keptFolder}.`,
    );
    return before;
  }
  const fresh = service.contextId === undefined;
  const { contextId, key } = fresh ? await createContext({ url, managementKey, signal }) : service;
  service.created = fresh ? contextId : null;
  if (!fresh) await requireEmpty(openApi({ url, key, signal }), contextId);
  log(`Loading ${data.passages.length} passages as ${options.as} into ${contextId} ...`);
  const loaded = { ...(await load(options, data, { url, contextId, key, signal })), contextId, key };
  loaded.loadedAt = new Date().toISOString();
  loaded.codeHash = (await builtCode()).codeHash;
  if (options.keptFolder) rememberLoaded(options.keptFolder, name, loaded);
  return loaded;
}

async function builtCode() {
  return JSON.parse(await readFile(join(ROOT, 'dist', 'version.json'), 'utf8'));
}

async function describeService(service, loaded, signal) {
  const api = openApi({ url: service.url, key: service.managementKey ?? '', signal });
  const { version, commit_sha: commit } = await api('GET', '/health');
  const { embedding } = service.managementKey ? await api('GET', `/api/v1/contexts/${loaded.contextId}`) : {};
  return { version, commit, embedding: embedding ?? null };
}

const latencies = (milliseconds) => {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), max: sorted.at(-1), questions: sorted.length };
};

/** Everything that a stack, or the one that the user named, is needed for. */
async function measureService(options, data, service, restart, log, signal) {
  const loaded = await prepare(options, data, service, log, signal);
  const { contextId, key, passagesOf } = loaded;
  const ask = (url, explain) =>
    askAll({
      ...options,
      api: openApi({ url, key, signal }),
      contextId,
      questions: data.questions,
      passagesOf,
      explain,
    });
  log(`Asking ${data.questions.length} questions ...`);
  const answers = await ask(service.url, false);
  const description = await describeService(service, loaded, signal);
  const askWithout = async (settings) => {
    if (Object.keys(settings).length > 0) await restart(settings);
    return ask(service.url, true);
  };
  const ablation = options.ablate
    ? await ablate({ full: answers.ranked, questions: data.questions, seed: options.seed, log, askWithout })
    : null;
  return { loaded, answers, description, ablation };
}

function report(options, data, { loaded, answers, description, ablation }, build) {
  const { questions } = data;
  const peers = askPeers(data, options.as);
  const systems = {
    service: measureAll(answers.ranked, questions),
    ...Object.fromEntries(Object.entries(peers).map(([name, ranked]) => [name, measureAll(ranked, questions)])),
  };
  const { acceptSeconds, readySeconds, loadedAt, codeHash: loadedBy } = loaded;
  const passages = data.passages.length;
  return {
    set: data.name,
    data: { sha256: data.sha256, files: data.files, complete: data.complete, passages, questions: questions.length },
    date: new Date().toISOString(),
    service: { ...description, ...build },
    machine: { cores: cpus().length, cpu: cpus()[0]?.model ?? '', node: process.version },
    method: {
      as: options.as,
      route: options.route,
      half: options.half ?? null,
      typos: options.typos,
      k: options.k,
      seed: options.seed,
      resamples: RESAMPLES,
      parallel: options.parallel,
    },
    ingest: { acceptSeconds, readySeconds, passagesPerSecond: passages / readySeconds, loadedAt, loadedBy },
    latencyMs: latencies(answers.milliseconds),
    questionsWithFewerThan10Passages: answers.ranked.filter((list) => list.length < Math.min(10, passages)).length,
    scores: summariseParts(systems, PAIRS, questions, options.seed),
    ablation,
    perQuestion: questions.map(({ id, half, supporting }, index) => ({
      id,
      half,
      ranks: supporting.map((passage) => answers.ranked[index].indexOf(passage) + 1 || null),
      stemmedRanks: supporting.map((passage) => peers.stemmed[index].indexOf(passage) + 1 || null),
    })),
  };
}

/**
 * Runs one evaluation and leaves nothing behind that the options do not ask to keep.
 *
 * @param {AbortController} stopping aborted by a Ctrl-C, and here when the stack ends by itself
 */
export async function evaluate(options, log, stopping) {
  const { signal } = stopping;
  const data = await openData(options);
  if (options.service) {
    const service = { ...options.service };
    try {
      const measured = await measureService(options, data, service, null, log, signal);
      return report(options, data, measured, {});
    } finally {
      if (service.created) await deleteContext({ ...service, contextId: service.created });
    }
  }
  const dataDir = options.keptFolder ? resolve(options.keptFolder) : await mkdtemp(join(tmpdir(), 'spectra-eval-'));
  const start = (settings) =>
    startStack({
      dataDir,
      settings: { ...options.embeddings, ...settings },
      onExit: (error) => stopping.abort(error),
      signal,
    });
  const service = {};
  let stack;
  const restart = async (settings) => {
    await stack?.stop();
    stack = await start(settings);
    Object.assign(service, { url: stack.url, managementKey: stack.managementKey });
  };
  try {
    log('Starting a stack ...');
    await restart({});
    const measured = await measureService(options, data, service, restart, log, signal);
    const { codeHash } = await builtCode();
    return report(options, data, measured, { codeHash, settings: chosenSettings(process.env) });
  } finally {
    await stack?.stop();
    if (!options.keptFolder) await rm(dataDir, { recursive: true, force: true });
  }
}
