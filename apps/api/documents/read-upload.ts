import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { uploadMetadataSchema, ValidationError, type UploadMetadata } from '#libs/contracts/index.js';
import { detectMediaType } from '#libs/documents/index.js';
import { refuseScopes } from '../http/refuse-scopes.js';
import { validate } from '../http/validation.interceptor.js';

/** Enough for every signature that content sniffing looks at. */
const HEAD_BYTES = 4_100;
const METADATA_BYTES = 64 * 1024;

export interface ReadUpload {
  readonly metadata: UploadMetadata;
  readonly mimeType: string;
  /** As the client named it, without any path; null for the default name that clients send for a nameless blob. */
  readonly fileName: string | null;
  readonly body: Readable;
  bytesRead(): number;
}

/** A part declared as application/json arrives parsed, any other as text. */
function parseMetadata(value: unknown): UploadMetadata {
  let parsed = value;
  if (typeof value === 'string') {
    try {
      parsed = JSON.parse(value);
    } catch {
      throw new ValidationError('The `metadata` part is not valid JSON.', [], 'malformed_metadata');
    }
  }
  const metadata = validate(uploadMetadataSchema, parsed, '`metadata` part') as UploadMetadata;
  refuseScopes('scopes', metadata.scopes);
  return metadata;
}

/** The name without folders and control characters: it is shown, never used as a path. */
function displayName(name: string | undefined): string | null {
  const bare = basename((name ?? '').replaceAll('\\', '/'))
     
    .replace(/[\u0000-\u001f\u007f]/g, '')
    .trim()
    .slice(0, 255);
  return bare === '' || bare === 'upload' || bare === '.' || bare === '..' ? null : bare;
}

async function peek(file: MultipartFile): Promise<{ head: Uint8Array; body: Readable; bytesRead: () => number }> {
  const source = file.file[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first: Buffer[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const next = await source.next();
    if (next.done) break;
    first.push(next.value);
    size += next.value.length;
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield* first;
    for (let next = await source.next(); !next.done; next = await source.next()) {
      size += next.value.length;
      yield next.value;
    }
  }
  return {
    head: Buffer.concat(first).subarray(0, HEAD_BYTES),
    body: Readable.from(whole(), { objectMode: false }),
    bytesRead: () => size,
  };
}

/**
 * Reads a multipart upload as far as the beginning of its `file` part; the body is streamed from there.
 * @throws ValidationError when a part is missing or out of order; UnsupportedMediaTypeError for what cannot be read.
 */
export async function readUpload(request: FastifyRequest): Promise<ReadUpload> {
  if (!request.isMultipart()) {
    throw new ValidationError(
      'Send multipart/form-data with an optional `metadata` part and then a `file` part.',
      [],
      'not_multipart',
    );
  }
  let metadata: UploadMetadata = {};
  const parts = request.parts({
    limits: { fieldSize: METADATA_BYTES, fields: 10, files: 1, parts: 11, fileSize: Number.MAX_SAFE_INTEGER },
  });
  for await (const part of parts) {
    if (part.type === 'field') {
      if (part.fieldname === 'metadata') metadata = parseMetadata(part.value);
      continue;
    }
    if (part.fieldname === 'metadata') {
      metadata = parseMetadata((await part.toBuffer()).toString('utf8'));
      continue;
    }
    if (part.fieldname !== 'file')
      throw new ValidationError(`There is no part named "${part.fieldname}"; name it \`file\`.`);
    const { head, body, bytesRead } = await peek(part);
    const fileName = metadata.filename ? displayName(metadata.filename) : displayName(part.filename);
    const mimeType = await detectMediaType({ declared: metadata.mimeType ?? part.mimetype, fileName, head });
    return { metadata, mimeType, fileName, body, bytesRead };
  }
  throw new ValidationError('The `file` part is missing.', [], 'missing_file');
}
