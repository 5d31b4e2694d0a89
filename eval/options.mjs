// The command line of `npm run eval`.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../scripts/set-up.mjs';
import { ROUTE_NAMES } from './ask.mjs';
import { SETS } from './data-set.mjs';
import { DEPTH } from './metrics.mjs';
import { UsageError } from './usage-error.mjs';

const FLAGS = [
  ['set', '<name>', `one of the sets of the data root: ${Object.keys(SETS).join(', ')}`],
  ['data', '<folder>', 'any folder with passages.jsonl and questions.jsonl'],
  ['data-root', '<folder>', 'where the sets are (SPECTRA_EVAL_DATA; ../shared/data/retrieval beside the repository)'],
  ['as', '<form>', 'documents (default), or conversations: a session per passage, a turn per sentence'],
  ['route', '<route>', 'documents (default for documents: POST documents/query) or query (POST query)'],
  ['half', '<half>', 'first or second: ask and show only that half of the questions'],
  ['typos', '<share>', 'swap two letters in that share of the longer words of each question, 0 to 1'],
  ['ablate', '', 'ask again with each signal removed; needs a stack of its own'],
  ['write', '', 'write docs/evaluation/<set>.json and the results in docs/evaluation/README.md'],
  ['json', '', 'print JSON instead of tables, with the ranks of every question'],
  ['embeddings', '<url>', 'an OpenAI-compatible endpoint for the stack; its key is SPECTRA_EMBEDDINGS_API_KEY'],
  ['embeddings-model', '<model>', 'the model to ask for'],
  ['embeddings-dimensions', '<n>', 'its dimensions'],
  ['keep', '<folder>', 'keep the data directory of the stack there, with the Context'],
  ['reuse', '<folder>', 'like --keep, and load nothing when the same passages were loaded there before'],
  ['limit-questions', '<n>', 'ask only the first n'],
  ['limit-passages', '<n>', 'load only the first n, and ask only what these answer'],
  ['parallel', '<n>', 'uploads at a time (12)'],
  ['k', '<n>', `hits to ask for (${DEPTH}, the ceiling of the service)`],
  ['seed', '<n>', 'of the bootstrap (1)'],
  ['url', '<url>', 'a running service; with SPECTRA_MANAGEMENT_API_KEY in a Context of its own, else in --context'],
  ['context', '<id>', 'an empty Context of that service'],
  ['key', '<key>', 'its key (SPECTRA_API_KEY)'],
  ['help', '', 'this text'],
];

export const HELP = [
  `npm run eval -- --set ${Object.keys(SETS).join('|')} [options]`,
  '',
  ...FLAGS.map(([name, value, text]) => `  --${`${name} ${value}`.padEnd(30)}${text}`),
].join('\n');

function parse(args) {
  try {
    return parseArgs({
      args,
      options: Object.fromEntries(FLAGS.map(([name, value]) => [name, { type: value ? 'string' : 'boolean' }])),
    }).values;
  } catch (error) {
    throw new UsageError(`${error.message}\n\n${HELP}`);
  }
}

function count(values, name, fallback) {
  if (values[name] === undefined) return fallback;
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`--${name} takes a whole number from 1.`);
  return number;
}

function shareOf(values, name) {
  const number = Number(values[name] ?? 0);
  if (!(number >= 0 && number <= 1)) throw new UsageError(`--${name} takes a number from 0 to 1.`);
  return number;
}

function choice(values, name, allowed, fallback) {
  const value = values[name] ?? fallback;
  if (value !== undefined && !allowed.includes(value)) throw new UsageError(`--${name} is ${allowed.join(' or ')}.`);
  return value;
}

function folderOf(values, env) {
  if (values.data) return values.data;
  const root = values['data-root'] ?? (env.SPECTRA_EVAL_DATA || join(ROOT, '..', 'shared', 'data', 'retrieval'));
  const name = choice(values, 'set', Object.keys(SETS), undefined);
  if (!name) throw new UsageError(`Name a set: --set ${Object.keys(SETS).join('|')}, or --data <folder>.\n\n${HELP}`);
  return join(root, SETS[name]);
}

function serviceOf(values, env) {
  if (!values.url) {
    if (values.context || values.key) throw new UsageError('--context and --key need --url.');
    return null;
  }
  const managementKey = env.SPECTRA_MANAGEMENT_API_KEY;
  const key = values.key ?? env.SPECTRA_API_KEY;
  if (values.context ? !key : !managementKey)
    throw new UsageError('--url needs --context and --key, or SPECTRA_MANAGEMENT_API_KEY for a Context of its own.');
  for (const name of ['ablate', 'embeddings', 'keep', 'reuse'])
    if (values[name]) throw new UsageError(`--${name} is for a stack of its own, so leave --url out.`);
  return { url: values.url.replace(/\/+$/, ''), contextId: values.context, key, managementKey };
}

function embeddingsOf(values, env) {
  if (!values.embeddings) return {};
  const model = values['embeddings-model'];
  const dimensions = count(values, 'embeddings-dimensions', undefined);
  if (!model || !dimensions)
    throw new UsageError('--embeddings needs --embeddings-model <model> and --embeddings-dimensions <n>.');
  return {
    SPECTRA_EMBEDDINGS_URL: values.embeddings,
    SPECTRA_EMBEDDINGS_MODEL: model,
    SPECTRA_EMBEDDINGS_DIMENSIONS: String(dimensions),
    ...(env.SPECTRA_EMBEDDINGS_API_KEY ? { SPECTRA_EMBEDDINGS_API_KEY: env.SPECTRA_EMBEDDINGS_API_KEY } : {}),
  };
}

/**
 * @throws UsageError with a sentence that says what to change
 */
export function readOptions(args, env) {
  const values = parse(args);
  if (values.help) return { help: true };
  const as = choice(values, 'as', ['documents', 'conversations'], 'documents');
  const route = choice(values, 'route', ROUTE_NAMES, as === 'documents' ? 'documents' : 'query');
  if (as === 'conversations' && route !== 'query') throw new UsageError('Conversations are found by --route query.');
  const half = choice(values, 'half', ['first', 'second'], undefined);
  const limits = {
    limitPassages: count(values, 'limit-passages', undefined),
    limitQuestions: count(values, 'limit-questions', undefined),
  };
  if (values.write && (half || limits.limitPassages || limits.limitQuestions))
    throw new UsageError('--write is for whole sets: leave --half and the limits out.');
  if (values.keep && values.reuse) throw new UsageError('--reuse keeps the folder too; leave --keep out.');
  return {
    folder: folderOf(values, env),
    as,
    route,
    half,
    typos: shareOf(values, 'typos'),
    limits,
    service: serviceOf(values, env),
    embeddings: embeddingsOf(values, env),
    ablate: values.ablate === true,
    write: values.write === true,
    json: values.json === true,
    keptFolder: values.reuse ?? values.keep,
    reuse: values.reuse !== undefined,
    parallel: count(values, 'parallel', 12),
    k: count(values, 'k', DEPTH),
    seed: count(values, 'seed', 1),
  };
}
