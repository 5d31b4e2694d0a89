// Keeps docs/evaluation: the figures of each run as JSON, and the Markdown made from all of them.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { ROOT } from '../scripts/set-up.mjs';
import { ablationTable, facts, scoreTables } from './tables.mjs';

const FOLDER = join(ROOT, 'docs', 'evaluation');
const README = join(FOLDER, 'README.md');
const BEGIN = '<!-- Results: written by `npm run eval -- --write`, never by hand. -->';
const END = '<!-- End of the results. -->';

function nameOf({ set, method, service }) {
  const parts = [set];
  if (method.as !== 'documents') parts.push(method.as);
  else if (method.route !== 'documents') parts.push(method.route);
  if (method.typos > 0) parts.push('typos');
  if (service.embedding && !service.embedding.model.startsWith('local')) parts.push('embeddings');
  return parts.join('-');
}

const table = ({ title, head, rows }) =>
  [
    `${title[0].toUpperCase()}${title.slice(1)}:`,
    '',
    ...[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');

function section(name, result) {
  return [
    `### ${name}`,
    table({ title: 'the run', head: ['', ''], rows: facts(result) }),
    ...[...scoreTables(result), ablationTable(result)].filter(Boolean).map(table),
  ].join('\n\n');
}

async function formatted(path, text) {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}

/** Writes `<set>.json`, and the results of every such file into the README. Returns the paths written. */
export async function writeReport({ perQuestion: _perQuestion, ...result }) {
  const path = join(FOLDER, `${nameOf(result)}.json`);
  await writeFile(path, await formatted(path, JSON.stringify(result)));
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.json')).sort();
  const sections = await Promise.all(
    files.map(async (file) =>
      section(file.replace(/\.json$/, ''), JSON.parse(await readFile(join(FOLDER, file), 'utf8'))),
    ),
  );
  const readme = await readFile(README, 'utf8');
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${README} has lost the two comments that the results stand between.`);
  await writeFile(
    README,
    await formatted(README, [before, BEGIN, '\n\n', sections.join('\n\n'), '\n\n', END, after].join('')),
  );
  return [path, README];
}
