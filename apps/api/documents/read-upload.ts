import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import {
  PayloadTooLargeError,
  SpectraError,
  uploadMetadataSchema,
  ValidationError,
  type UploadMetadata,
} from '#libs/contracts/index.js';
import { declaredCharset, detectMediaType } from '#libs/documents/index.js';
import { pieceRead } from '../http/body-memory.js';
import { refuseScopes } from '../http/refuse-scopes.js';
import { validate } from '../http/validation.interceptor.js';

/** Enough for every signature that content sniffing looks at. */
const HEAD_BYTES = 4_100;
const METADATA_BYTES = 64 * 1024;
/** Boundaries, headers and fields around a file of the largest size; a body that is longer holds one that is too large. */
const AROUND_FILE_BYTES = 1024 * 1024;

export interface ReadUpload {
  readonly metadata: UploadMetadata;
  readonly mimeType: string;
  /** Of `metadata.mimeType`, for text that is not UTF-8. The parser drops the parameters of a part's own Content-Type. */
  readonly charset: string | null;
  /** As the client named it, without any path; null for the default name that clients send for a nameless blob. */
  readonly fileName: string | null;
  readonly body: Readable;
  bytesRead(): number;
}

const malformedMetadata = (): ValidationError =>
  new ValidationError(
    `The \`metadata\` part is not valid JSON of at most ${METADATA_BYTES / 1024} KB.`,
    [],
    'malformed_metadata',
  );

const malformedBody = (): ValidationError =>
  new ValidationError('The multipart body ends too early or is malformed.', [], 'malformed_multipart');

/** Stores refuse NUL and half surrogate pairs in text; nobody means either. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\u0000', '').toWellFormed() : value;
}

/** A part declared as application/json arrives parsed, any other as text. */
function parseMetadata(value: unknown): UploadMetadata {
  let parsed: unknown;
  try {
    parsed = JSON.parse(typeof value === 'string' ? value : JSON.stringify(value), storable);
  } catch {
    throw malformedMetadata();
  }
  const metadata = validate(uploadMetadataSchema, parsed, '`metadata` part') as UploadMetadata;
  refuseScopes('scopes', metadata.scopes);
  return metadata;
}

/**
 * The name without folders, control characters and marks that turn the direction of text (a name must not look like
 * another): it is shown, never used as a path.
 */
function displayName(name: string | undefined): string | null {
  const bare = basename((name ?? '').toWellFormed().replaceAll('\\', '/'))
    .replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '')
    .trim();
  const short = Array.from(bare).slice(0, 255).join('');
  return short === 'upload' || /^\.*$/.test(short) ? null : short;
}

/** A `metadata` part that came as a file. */
async function readSmall(part: MultipartFile): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of part.file as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > METADATA_BYTES) throw malformedMetadata();
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

type PartIterator = AsyncIterator<Multipart>;

const TOO_MANY: ReadonlySet<string> = new Set(['FST_PARTS_LIMIT', 'FST_FILES_LIMIT', 'FST_FIELDS_LIMIT']);

/** What the parser throws about the body itself is the client's to mend, not a failure of this service. */
async function parsed<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof SpectraError) throw error;
    const { code } = error as { code?: unknown };
    if (code === 'FST_INVALID_JSON_FIELD_ERROR') throw malformedMetadata();
    if (typeof code === 'string' && TOO_MANY.has(code)) {
      throw new ValidationError(
        'The body has more parts than an upload: send an optional `metadata` part and one `file` part.',
        [],
        'too_many_parts',
      );
    }
    throw malformedBody();
  }
}

/** The file is the last part: metadata behind it would come too late, and a second file would be lost. */
async function requireEnd(parts: PartIterator): Promise<void> {
  for (let next = await parsed(() => parts.next()); !next.done; next = await parsed(() => parts.next())) {
    if (next.value.fieldname === 'metadata')
      throw new ValidationError('The `metadata` part must precede the `file` part.', [], 'metadata_after_file');
    if (next.value.type === 'file') throw new ValidationError('Send one file per upload.', [], 'one_file_only');
  }
}

async function peek(
  file: MultipartFile,
  parts: PartIterator,
): Promise<{ head: Uint8Array; body: Readable; bytesRead: () => number }> {
  const source = file.file[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first: Buffer[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const next = await parsed(() => source.next());
    if (next.done) break;
    first.push(next.value);
    size += next.value.length;
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield* first;
    for (let next = await parsed(() => source.next()); !next.done; next = await parsed(() => source.next())) {
      size += next.value.length;
      pieceRead(next.value.length);
      yield next.value;
    }
    await requireEnd(parts);
  }
  return {
    head: Buffer.concat(first).subarray(0, HEAD_BYTES),
    body: Readable.from(whole(), { objectMode: false }),
    bytesRead: () => size,
  };
}

function partsOf(request: FastifyRequest): PartIterator {
  const limits = { fieldSize: METADATA_BYTES, fields: 10, files: 2, parts: 12, fileSize: Number.MAX_SAFE_INTEGER };
  // Two files: some clients send the metadata as one.
  return request.parts({ limits })[Symbol.asyncIterator]();
}

/**
 * Reads a multipart upload as far as the beginning of its `file` part; the body is streamed from there, and fails when
 * what follows the file contradicts it.
 * @param maxBytes largest file; a body whose declared length cannot hold less is refused before it is read
 * @throws ValidationError when a part is missing or out of order; PayloadTooLargeError; UnsupportedMediaTypeError for
 *   what cannot be read.
 */
export async function readUpload(request: FastifyRequest, maxBytes: number): Promise<ReadUpload> {
  if (!request.isMultipart()) {
    throw new ValidationError(
      'Send multipart/form-data with an optional `metadata` part and then a `file` part.',
      [],
      'not_multipart',
    );
  }
  if (Number(request.headers['content-length']) > maxBytes + AROUND_FILE_BYTES)
    throw new PayloadTooLargeError(maxBytes);
  let metadata: UploadMetadata = {};
  const parts = partsOf(request);
  for (let next = await parsed(() => parts.next()); !next.done; next = await parsed(() => parts.next())) {
    const part = next.value;
    if (part.type === 'field') {
      if (part.fieldname === 'metadata') metadata = parseMetadata(part.value);
      continue;
    }
    if (part.fieldname === 'metadata') {
      metadata = parseMetadata(await parsed(() => readSmall(part)));
      continue;
    }
    if (part.fieldname !== 'file')
      throw new ValidationError(`There is no part named "${part.fieldname}"; name it \`file\`.`);
    const { head, body, bytesRead } = await peek(part, parts);
    const fileName = metadata.filename ? displayName(metadata.filename) : displayName(part.filename);
    const declared = metadata.mimeType ?? part.mimetype;
    const mimeType = await detectMediaType({ declared, fileName, head });
    return { metadata, mimeType, charset: declaredCharset(metadata.mimeType), fileName, body, bytesRead };
  }
  throw new ValidationError('The `file` part is missing.', [], 'missing_file');
}
