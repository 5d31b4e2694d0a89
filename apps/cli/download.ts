import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { fileSize } from './formats.js';
import type { Session } from './session.js';
import { UsageError } from './usage-error.js';

/** Streams the original bytes of a document to stdout or, complete or not at all, to a file. */
export async function download(session: Session, id: string, file: string | undefined): Promise<void> {
  const { io, output } = session;
  if (file === undefined && output.json) throw new UsageError('With --json the bytes need a file: add -o <file>.');
  const { stream, mediaType } = await session.contextClient().documents.raw(id);
  const bytes = Readable.fromWeb(stream as ReadableStream<Uint8Array>);
  if (file === undefined) {
    if (io.isTTY.stdout && mediaType?.startsWith('text/') !== true) {
      bytes.destroy();
      throw new UsageError('These bytes are not for a terminal: add -o <file>, or pipe them.');
    }
    await pipeline(bytes, io.stdout, { end: false });
    return;
  }
  const path = resolve(io.cwd, file);
  const partial = `${path}.${process.pid}.part`;
  const target = createWriteStream(partial, { flags: 'wx' });
  try {
    await pipeline(bytes, target);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  output.result({ id, file: path, bytes: target.bytesWritten, mediaType: mediaType ?? null }, () => [
    `Wrote ${fileSize(target.bytesWritten)} to ${file}.`,
  ]);
}
