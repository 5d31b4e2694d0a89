// Reads a folder with passages.jsonl ({id, title, text}) and questions.jsonl ({id, question, supporting}).
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { halves } from './metrics.mjs';
import { UsageError } from './usage-error.mjs';

const FILES = ['passages.jsonl', 'questions.jsonl'];
/** Short names of the sets that the figures of docs/evaluation are measured on. */
export const SETS = { hotpotqa: 'hotpotqa-100', musique: 'musique-100' };

const sha256 = (data) => createHash('sha256').update(data).digest('hex');

async function read(path) {
  try {
    return await readFile(path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new UsageError(
      `${path} is missing; put passages.jsonl and questions.jsonl there, or name another place with --data <folder>, --data-root <folder> or SPECTRA_EVAL_DATA.`,
    );
  }
}

function rows(data, path, check) {
  return data
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      let row;
      try {
        row = JSON.parse(line);
      } catch {
        row = null;
      }
      if (!row || !check(row)) throw new UsageError(`Line ${index + 1} of ${path} has not the format of the set.`);
      return row;
    });
}

/** Without the passages beyond a limit, and without the questions that need one of those. */
function limited(passages, questions, { limitPassages, limitQuestions }) {
  const kept = passages.slice(0, limitPassages ?? passages.length);
  const known = new Set(kept.map(({ id }) => id));
  const answerable = questions.filter(({ supporting }) => supporting.every((id) => known.has(id)));
  return { passages: kept, questions: answerable.slice(0, limitQuestions ?? answerable.length) };
}

/**
 * @param {string} folder
 * @param {{ limitPassages?: number, limitQuestions?: number }} limits
 * @throws UsageError when the folder or its format is not what is expected
 */
export async function readDataSet(folder, limits = {}) {
  const path = resolve(folder);
  const [passagesData, questionsData] = await Promise.all(FILES.map((file) => read(join(path, file))));
  const passages = rows(
    passagesData,
    join(path, FILES[0]),
    ({ id, title, text }) => [id, title, text].every((value) => typeof value === 'string') && text.trim() !== '',
  );
  const questions = rows(
    questionsData,
    join(path, FILES[1]),
    ({ id, question, supporting }) =>
      typeof id === 'string' && typeof question === 'string' && Array.isArray(supporting) && supporting.length > 0,
  );
  const half = halves(questions.map(({ id }) => id));
  const kept = limited(
    passages,
    questions.map((question) => ({ ...question, half: half.get(question.id) })),
    limits,
  );
  if (kept.passages.length === 0 || kept.questions.length === 0)
    throw new UsageError(`${path} leaves no question to ask; use a larger --limit-passages.`);
  const files = { [FILES[0]]: sha256(passagesData), [FILES[1]]: sha256(questionsData) };
  const combined = sha256(
    Object.entries(files)
      .map(([name, hash]) => `${hash}  ${name}\n`)
      .join(''),
  );
  return { name: basename(path), files, sha256: combined, complete: kept.passages.length === passages.length, ...kept };
}
