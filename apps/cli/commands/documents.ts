import { Option, type Command } from 'commander';
import type { Chunk, Document, DocumentStatus } from '#libs/contracts/index.js';
import { examples, type Cli } from '../cli.js';
import { DOCUMENT_STATUSES } from '../choices.js';
import { download } from '../download.js';
import { EXIT } from '../exit-codes.js';
import { failureBody, failureLine, type Failure } from '../failure.js';
import { count, fileSize, minute } from '../formats.js';
import type { Session } from '../session.js';
import { oneLine, wrap } from '../terminal-text.js';
import { addDocumentsUpload } from './documents-upload.js';

async function list(session: Session, status: DocumentStatus | undefined): Promise<void> {
  const documents: Document[] = [];
  let total = 0;
  for await (const page of session.contextClient().documents.pages({ status })) {
    documents.push(...page.documents);
    total = page.total;
  }
  const { output } = session;
  output.result({ documents, total }, () =>
    output.table(
      documents,
      [
        { title: 'ID', value: ({ id }) => id },
        { title: 'STATUS', value: (document) => document.status },
        { title: 'TITLE', value: ({ title }) => title, flexible: 'end' },
        { title: 'SIZE', value: ({ sizeBytes }) => fileSize(sizeBytes), align: 'right' },
        { title: 'CHUNKS', value: ({ chunkCount }) => chunkCount, align: 'right' },
        { title: 'PAGES', value: ({ pageCount }) => pageCount, align: 'right' },
        { title: 'CREATED (UTC)', value: ({ createdAt }) => minute(createdAt) },
      ],
      status === undefined
        ? 'No documents yet: `spectra documents upload <path>` adds some.'
        : `No ${status} document.`,
    ),
  );
}

function documentLines(document: Document): string[] {
  const fields = {
    id: document.id,
    title: document.title,
    status: document.error === null ? document.status : `${document.status}: ${document.error}`,
    source: document.source,
    type: document.mimeType,
    size: fileSize(document.sizeBytes),
    version: document.version,
    chunks: document.chunkCount ?? '-',
    pages: document.pageCount ?? '-',
    labels: document.labels.join(', ') || '-',
    hash: document.contentHash,
    created: `${minute(document.createdAt)} UTC`,
  };
  return Object.entries(fields).map(([name, value]) => `${name.padEnd(8)} ${oneLine(String(value))}`);
}

function chunkLines(session: Session, chunk: Chunk): string[] {
  const place = [
    chunk.section,
    chunk.page === null ? null : `p. ${chunk.page}`,
    `characters ${chunk.charStart}-${chunk.charEnd}`,
  ];
  const heading = `${chunk.position}. ${place.filter((part) => part !== null).join(' · ')}`;
  const text = wrap(chunk.text, (session.output.width ?? 100) - 3).map((line) => `   ${line}`.trimEnd());
  return ['', session.output.paint('bold', oneLine(heading)), ...text];
}

async function show(session: Session, id: string, withChunks: boolean): Promise<void> {
  const client = session.contextClient();
  const document = await client.documents.get(id);
  if (!withChunks) {
    session.output.result(document, () => documentLines(document));
    return;
  }
  const chunks: Chunk[] = [];
  for await (const page of client.documents.chunkPages(id)) chunks.push(...page.chunks);
  session.output.result({ ...document, chunks }, () => [
    ...documentLines(document),
    ...chunks.flatMap((chunk) => chunkLines(session, chunk)),
  ]);
}

async function remove(session: Session, ids: readonly string[]): Promise<void> {
  const client = session.contextClient();
  const { output } = session;
  const deleted: string[] = [];
  const failed: { id: string; failure: Failure }[] = [];
  for (const id of ids) {
    try {
      await client.documents.delete(id);
      deleted.push(id);
    } catch (error) {
      const failure = session.describe(error);
      failed.push({ id, failure });
      if (failure.exitCode === EXIT.unauthorized || failure.exitCode === EXIT.unavailable) break;
    }
  }
  output.result({ deleted, failed: failed.map(({ id, failure }) => ({ id, error: failureBody(failure) })) }, () =>
    deleted.length > 0 ? [`Deleted ${count(deleted.length, 'document')}.`] : [],
  );
  for (const { id, failure } of failed) if (!output.json) output.note(`${id}: ${failureLine(failure)}`);
  const codes = new Set(failed.map(({ failure }) => failure.exitCode));
  const [only] = codes;
  session.exitCode = codes.size > 1 ? EXIT.failed : (only ?? EXIT.ok);
}

export function addDocuments(program: Command, cli: Cli): void {
  const documents = program
    .command('documents')
    .description('Upload, look at and remove documents.')
    .addHelpText('after', examples('spectra documents upload samples/', 'spectra documents list --status failed'));
  addDocumentsUpload(documents, cli);

  documents
    .command('list')
    .description('List documents, newest first.')
    .addOption(new Option('--status <status>', 'only those in this state').choices(DOCUMENT_STATUSES))
    .addHelpText('after', examples('spectra documents list', 'spectra documents list --status failed --json'))
    .action(async (flags: { status?: DocumentStatus }, command: Command) => {
      await list(await cli.open(command), flags.status);
    });
  documents
    .command('show')
    .description('Show a document, and its chunks on request.')
    .argument('<id>', 'id of the document')
    .option('--chunks', 'with all chunks', false)
    .addHelpText('after', examples('spectra documents show 01k9zq3v8r6p2m4n7t5w1x0y9b --chunks'))
    .action(async (id: string, flags: { chunks: boolean }, command: Command) => {
      await show(await cli.open(command), id, flags.chunks);
    });
  documents
    .command('delete')
    .description('Remove documents with their chunks and bytes.')
    .argument('<id...>', 'ids of the documents')
    .addHelpText('after', examples('spectra documents delete 01k9zq3v8r6p2m4n7t5w1x0y9b'))
    .action(async (ids: string[], _flags: object, command: Command) => {
      await remove(await cli.open(command), ids);
    });
  documents
    .command('download')
    .description('Write the original bytes of a document to stdout, or to a file.')
    .argument('<id>', 'id of the document')
    .option('-o, --output <file>', 'file to write')
    .addHelpText('after', examples('spectra documents download 01k9zq3v8r6p2m4n7t5w1x0y9b -o guide.pdf'))
    .action(async (id: string, flags: { output?: string }, command: Command) => {
      await download(await cli.open(command), id, flags.output);
    });
}
