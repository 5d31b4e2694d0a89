import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChunkPage, Document, UploadResponse } from '#libs/contracts/index.js';
import { probeHealth, type HealthAnswer } from '../setup/health-prober.js';
import { DOCX, encryptedOffice, ENCRYPTED_TRAILER, pdfOf, zipBomb } from '../setup/hostile-documents.js';
import { eventually, FaultWorld, type FileUpload } from './fault-world.js';

const MEGABYTE = 1024 * 1024;
/** The law: `/health/live` answers within it, whatever is read in the same process. */
const WITHIN_MS = 100;
const PERCENT = 99;
const DEEP = 100_000;

const page = (number: number): string[] => [
  `Page ${number} of the harbour register`,
  ...Array.from({ length: 6 }, (_, line) => `Ship ${number}-${line} came in with timber and left with salt.`),
];
const pages = (count: number): string[][] => Array.from({ length: count }, (_, number) => page(number));

interface Hostile {
  readonly file: () => FileUpload;
  /** The code of the failure; null for what becomes ready. */
  readonly code: string | null;
  /** What its owner is told to do. */
  readonly advice?: RegExp;
}

const DOCUMENTS: Readonly<Record<string, Hostile>> = {
  'a zip bomb': {
    file: () => ({ content: zipBomb(200), mimeType: DOCX, fileName: 'bomb.docx' }),
    code: 'archive_too_large',
    advice: /smaller document/,
  },
  'HTML nested 100,000 deep': {
    file: () => ({
      content: `<!doctype html>${'<div>'.repeat(DEEP)}deep`,
      mimeType: 'text/html',
      fileName: 'deep.html',
    }),
    code: 'too_deeply_nested',
    advice: /flatter form/,
  },
  'JSON nested 100,000 deep': {
    file: () => ({
      content: `${'['.repeat(DEEP)}1${']'.repeat(DEEP)}`,
      mimeType: 'application/json',
      fileName: 'deep.json',
    }),
    code: 'too_deeply_nested',
    advice: /flatter form/,
  },
  'bytes that are text in no encoding': {
    file: () => ({
      content: Uint8Array.from({ length: 4_096 }, (_, index) => 0x80 + ((index * 61 + (index >> 3) * 17) % 0x80)),
      fileName: 'noise.txt',
    }),
    code: 'invalid_encoding',
    advice: /Save it as UTF-8/,
  },
  'an encrypted PDF': {
    file: () => ({ content: pdfOf([page(1)], ENCRYPTED_TRAILER), mimeType: 'application/pdf', fileName: 'locked.pdf' }),
    code: 'encrypted_pdf',
    advice: /password/,
  },
  'a PDF cut in the middle': {
    file: () => {
      const whole = pdfOf(pages(20));
      return { content: whole.subarray(0, whole.length / 2), mimeType: 'application/pdf', fileName: 'half.pdf' };
    },
    code: 'truncated_pdf',
    advice: /export it again/,
  },
  'an encrypted DOCX': {
    file: () => ({ content: encryptedOffice(), mimeType: DOCX, fileName: 'locked.docx' }),
    code: 'encrypted_document',
    advice: /Remove the password/,
  },
  'a PDF of 1,000 pages': {
    file: () => ({ content: pdfOf(pages(1_000)), mimeType: 'application/pdf', fileName: 'register.pdf' }),
    code: null,
  },
  'a line of 30 MB': {
    file: () => ({ content: Buffer.alloc(30 * MEGABYTE, 'one line without an end '), fileName: 'line.txt' }),
    code: null,
  },
  'a name of control characters and paths': {
    file: () => ({ content: 'A plain note.', fileName: '../../..\\etc\u0000/pass\u0007wd\u202e.txt' }),
    code: null,
  },
};

describe('hostile documents, read in the process that answers', () => {
  let world: FaultWorld;
  let url: string;
  let answers: HealthAnswer[];
  const documents = new Map<string, Document>();
  const codes = new Map<string, unknown>();

  /** Uploads, waits for the verdict and notes it. */
  async function process(name: string, { file, code }: Hostile): Promise<void> {
    const answer = await world.upload(url, file());
    expect([name, answer.status]).toEqual([name, 202]);
    const { id } = (await answer.json()) as UploadResponse;
    await eventually(async () => {
      expect([name, (await world.document(id)).status]).toEqual([name, code === null ? 'ready' : 'failed']);
    }, 360_000);
    documents.set(name, (await (await world.call(url, `documents/${id}`)).json()) as Document);
    codes.set(name, await world.temporal.workflow.getHandle(world.workflowId(id)).result());
  }

  beforeAll(async () => {
    world = await FaultWorld.open();
    url = await (await world.start('api-and-worker')).ready();
    const stop = probeHealth(url);
    try {
      await Promise.all(Object.entries(DOCUMENTS).map(([name, hostile]) => process(name, hostile)));
    } finally {
      answers = await stop();
    }
  }, 400_000);
  afterAll(() => world.close());

  const failures = Object.entries(DOCUMENTS).flatMap(([name, { code, advice }]) =>
    code === null ? [] : [[name, code, advice ?? /./] as const],
  );

  it.each(failures)('%s fails as %s, with a sentence that says what to do', async (name, code, advice) => {
    const document = documents.get(name);
    expect(document).toMatchObject({ status: 'failed', chunkCount: 0, error: expect.stringMatching(advice) });
    expect(codes.get(name)).toMatchObject({ status: 'failed', code });
    const chunks = await world.call(url, `documents/${document?.id ?? ''}/chunks`);
    expect((await chunks.json()) as ChunkPage).toMatchObject({ chunks: [], total: 0 });
  });

  it('what can be read is read whole', () => {
    expect(documents.get('a PDF of 1,000 pages')).toMatchObject({ status: 'ready', error: null, pageCount: 1_000 });
    expect(documents.get('a line of 30 MB')).toMatchObject({ status: 'ready', error: null });
    const named = documents.get('a name of control characters and paths');
    expect(named).toMatchObject({ status: 'ready', title: expect.stringMatching(/^pass/) });
    expect(named?.title).not.toMatch(/[\p{Cc}\p{Bidi_Control}/\\]/u);
  });

  it('nothing is left of those that failed, and no object has a name of theirs', async () => {
    const expected = [...documents.values()].reduce((sum, { chunkCount }) => sum + (chunkCount ?? 0), 0);
    const [rows] = await world.session.query<[{ count: number }[]]>('SELECT count() FROM knowledge_chunk GROUP ALL');
    expect(rows[0]?.count).toBe(expected);
    for (const key of await world.objectKeys()) expect(key).toMatch(/^contexts\/[a-z0-9-]+\/(blake3|derived)\//);
    expect((await world.outbox()).map(({ status }) => status)).toEqual(Object.keys(DOCUMENTS).map(() => 'delivered'));
  });

  it(`/health/live answered all the time, 99 of 100 times within ${WITHIN_MS} ms`, () => {
    const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (percent: number): number => times[Math.floor((times.length * percent) / 100)] ?? Infinity;
    const figures = [50, 95, 99].map((percent) => `p${percent} ${at(percent).toFixed(1)} ms`).join(', ');
    console.info(`/health/live: ${times.length} answers, ${figures}, longest ${times.at(-1)?.toFixed(1) ?? ''} ms`);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(at(PERCENT)).toBeLessThan(WITHIN_MS);
  });
});
