import { Option, type Command } from 'commander';
import type { Explain, MEMORY_QUERY_MODES } from '#libs/contracts/index.js';
import { QUERY_MODES } from '../choices.js';
import { examples, type Cli } from '../cli.js';
import { positiveInteger } from '../option-parsers.js';
import type { Session } from '../session.js';
import { oneLine, wrap } from '../terminal-text.js';

type Mode = (typeof MEMORY_QUERY_MODES)[number];

interface RecallFlags {
  readonly limit: number;
  readonly mode?: Mode;
  readonly explain: boolean;
  readonly documents: boolean;
}

/** A passage as both kinds of recall have it. */
interface Passage {
  readonly title: string;
  readonly section: string | null | undefined;
  readonly page: number | null | undefined;
  readonly text: string;
  readonly score: number;
  readonly explain: Explain | undefined;
}

const MAX_TEXT_WIDTH = 100;

function explainLines(explain: Explain): string[] {
  return explain.signals.map(
    ({ signal, rank, raw, normalised, weight, contribution }) =>
      `${signal} #${rank}: ${contribution.toFixed(3)} = weight ${weight.toFixed(2)} x ${normalised.toFixed(3)} (raw ${raw.toFixed(3)})`,
  );
}

function passageLines(session: Session, passage: Passage, rank: number): string[] {
  const { output } = session;
  const place = [passage.page ? `p. ${passage.page}` : '', passage.section ?? ''].filter((part) => part !== '');
  const heading = [
    `${rank}.`.padEnd(3),
    output.paint('cyan', passage.score.toFixed(3)),
    output.paint('bold', oneLine(passage.title)),
    oneLine(place.join(' · ')),
  ];
  const width = Math.min(output.width ?? MAX_TEXT_WIDTH, MAX_TEXT_WIDTH) - 4;
  const indented = (lines: readonly string[]): string[] => lines.map((line) => `    ${line}`.trimEnd());
  return [
    ...(rank > 1 ? [''] : []),
    heading.filter((part) => part !== '').join('  '),
    ...indented(wrap(passage.text.trim(), width)),
    ...(passage.explain ? indented(explainLines(passage.explain).map((line) => output.paint('dim', line))) : []),
  ];
}

function show(session: Session, answer: unknown, passages: readonly Passage[]): void {
  session.output.result(answer, () =>
    passages.length === 0
      ? ['Nothing was found.']
      : passages.flatMap((passage, index) => passageLines(session, passage, index + 1)),
  );
}

async function recall(session: Session, question: string, flags: RecallFlags): Promise<void> {
  const client = session.contextClient();
  const request = { query: question, k: flags.limit, explain: flags.explain };
  if (flags.documents) {
    const mode = flags.mode === 'graph' ? 'hybrid_graph' : flags.mode;
    const answer = await client.queryDocuments({ ...request, mode });
    const passages = answer.results.map(({ chunk, document, score, explain }) => ({
      title: document.title,
      section: chunk.section,
      page: chunk.page,
      text: chunk.text,
      score,
      explain,
    }));
    show(session, answer, passages);
    return;
  }
  const answer = await client.query({ ...request, mode: flags.mode });
  const passages = answer.hits.map(({ title, source, section, page, text, score, explain }) => ({
    title: title ?? source.replaceAll('_', ' '),
    section,
    page,
    text,
    score,
    explain,
  }));
  show(session, answer, passages);
}

export function addRecall(program: Command, cli: Cli): void {
  program
    .command('recall')
    .description('Ask what the Context remembers; the best passages come first.')
    .argument('<question>', 'the question, quoted')
    .option('-k, --limit <n>', 'how many passages', positiveInteger, 5)
    .addOption(new Option('--mode <mode>', 'how to search').choices(QUERY_MODES))
    .option('--explain', 'show what each signal gave to the score', false)
    .option('--documents', 'search the passages of documents only', false)
    .addHelpText(
      'after',
      examples(
        'spectra recall "Who approves privileged access?"',
        'spectra recall "least privilege" -k 3 --mode bm25 --explain',
        'spectra recall "incident response" --documents --json',
      ),
    )
    .action(async (question: string, flags: RecallFlags, command: Command) => {
      await recall(await cli.open(command), question, flags);
    });
}
