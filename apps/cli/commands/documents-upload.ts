import type { Command } from 'commander';
import { examples, type Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { count } from '../formats.js';
import { collectLabel, durationSeconds } from '../option-parsers.js';
import type { Session } from '../session.js';
import { collectFiles, type SkippedFile } from '../upload/collect-files.js';
import { barProgress, lineProgress } from '../upload/progress.js';
import { uploadFiles, type UploadOutcome } from '../upload/upload-files.js';
import { UsageError } from '../usage-error.js';

interface UploadFlags {
  readonly wait: boolean;
  readonly timeout?: number;
  readonly title?: string;
  readonly label?: string[];
  readonly source?: string;
}

/** A folder full of other things needs no line for each of them. */
const SKIPPED_SHOWN = 5;

function noteSkipped(session: Session, skipped: readonly SkippedFile[]): void {
  for (const { path, reason } of skipped.slice(0, SKIPPED_SHOWN)) session.output.note(`skipped ${path}: ${reason}`);
  const rest = skipped.length - SKIPPED_SHOWN;
  if (rest > 0) session.output.note(`skipped ${count(rest, 'more file')}`);
}

const hasFailed = ({ outcome, status, error }: UploadOutcome): boolean =>
  outcome === 'failed' || status === 'failed' || error !== undefined;

function summary(outcomes: readonly UploadOutcome[], skipped: number): string {
  const of = (outcome: UploadOutcome['outcome']): number =>
    outcomes.filter((one) => one.outcome === outcome && !hasFailed(one)).length;
  const parts = [
    [of('uploaded'), 'uploaded'],
    [of('already-there'), 'already there'],
    [outcomes.filter(hasFailed).length, 'failed'],
    [of('not-tried'), 'not tried'],
    [skipped, 'skipped'],
  ] as const;
  const named = parts.filter(([amount]) => amount > 0).map(([amount, name]) => `${amount} ${name}`);
  return `${count(outcomes.length, 'document')}: ${named.join(', ')}.`;
}

function report(session: Session, outcomes: readonly UploadOutcome[], skipped: readonly SkippedFile[]): void {
  const { output } = session;
  output.result({ documents: outcomes, skipped }, () => [
    ...output.table(
      outcomes,
      [
        { title: 'PATH', value: ({ path }) => path, flexible: 'start' },
        { title: 'RESULT', value: ({ outcome }) => outcome.replaceAll('-', ' ') },
        { title: 'STATUS', value: ({ status }) => status },
        { title: 'CHUNKS', value: ({ chunkCount }) => chunkCount, align: 'right' },
        { title: 'ID', value: ({ id }) => id },
      ],
      'Nothing was uploaded.',
    ),
    summary(outcomes, skipped.length),
  ]);
  for (const { path, error } of outcomes.filter(hasFailed))
    if (error && !output.json)
      output.note(`${path}: ${error.message}${error.requestId === undefined ? '' : ` (request ${error.requestId})`}`);
}

async function upload(session: Session, paths: readonly string[], flags: UploadFlags): Promise<void> {
  const { io, output } = session;
  const { files, skipped } = await collectFiles(paths, io.cwd);
  noteSkipped(session, skipped);
  if (flags.title !== undefined && files.length > 1)
    throw new UsageError(`--title names one document, and these are ${files.length}.`);
  if (files.length === 0) throw new UsageError(`There is nothing to upload in ${paths.join(', ')}.`);

  const client = session.contextClient();
  const progress = io.isTTY.stderr && !output.json ? barProgress(io, files.length) : lineProgress(io);
  const { outcomes, ended } = await uploadFiles(files, {
    client,
    metadata: { title: flags.title, source: flags.source, labels: flags.label },
    wait: flags.wait,
    waitTimeoutMs: flags.timeout === undefined ? undefined : flags.timeout * 1000,
    progress,
    describe: (error) => session.describe(error),
  }).finally(() => {
    progress.close();
  });
  report(session, outcomes, skipped);
  if (ended) {
    output.failure(ended);
    session.exitCode = ended.exitCode;
  } else if (outcomes.some(hasFailed)) session.exitCode = EXIT.failed;
}

export function addDocumentsUpload(documents: Command, cli: Cli): void {
  documents
    .command('upload')
    .summary('upload files and folders')
    .description(
      'Upload files and folders. In folders, hidden entries, node_modules and kinds of files that cannot be read are left out. What is already there is not sent again.',
    )
    .argument('<path...>', 'files and folders')
    .option('--wait', 'wait until every document is ready or failed', true)
    .option('--no-wait', 'return when the documents are accepted')
    .option('--timeout <duration>', 'give up waiting after this long, e.g. 10m', durationSeconds)
    .option('--title <title>', 'title of the one document')
    .option('--label <key=value>', 'label of the documents, repeatable', collectLabel)
    .option('--source <source>', 'where the documents come from, e.g. a URL')
    .addHelpText(
      'after',
      examples(
        'spectra documents upload samples/',
        'spectra documents upload guide.pdf --title "Field guide" --label team=ops',
        'spectra documents upload notes/ --no-wait --json',
      ),
    )
    .action(async (paths: string[], flags: UploadFlags, command: Command) => {
      const session = await cli.open(command);
      await upload(session, paths, flags);
    });
}
