import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface StreamedUpload {
  /** Size of the file. */
  readonly bytes: number;
  /** Whether the length of the body is said beforehand; without it the body is chunked. */
  readonly declared: boolean;
  /** Sends everything before it looks for an answer, as simple clients do. */
  readonly deaf?: boolean;
}

export interface StreamedAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: Record<string, unknown>;
  /** Bytes of the file that were written before the sender looked at the answer. */
  readonly sent: number;
}

const PIECE_BYTES = 64 * 1024;

/** Until more may be written, or nothing can be. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

/** The one answer on a connection, which stays open. Rejects when it ends before the answer is whole. */
function answerOn(socket: Socket): Promise<Omit<StreamedAnswer, 'sent'>> {
  return new Promise((resolve, reject) => {
    let received = '';
    socket.on('data', (data) => {
      received += data.toString('latin1');
      const end = received.indexOf('\r\n\r\n');
      const headers = received.slice(0, Math.max(end, 0));
      const length = Number(/^content-length: (\d+)/im.exec(headers)?.[1]);
      const body = received.slice(end + 4);
      if (end < 0 || body.length < length) return;
      resolve({ status: Number(headers.split(' ')[1]), headers, body: JSON.parse(body) as Record<string, unknown> });
    });
    socket.once('close', () => {
      reject(new Error(`the connection ended after ${JSON.stringify(received)}`));
    });
  });
}

/** Uploads a text file of any size without ever holding it whole. Rejects when the connection breaks before an answer. */
export async function streamUpload(
  url: string,
  { contextId, key }: { readonly contextId: string; readonly key: string },
  { bytes, declared, deaf = false }: StreamedUpload,
): Promise<StreamedAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const boundary = `----spectra-${randomUUID()}`;
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="large.txt"\r\nContent-Type: text/plain\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  const length = declared ? `Content-Length: ${head.length + bytes + tail.length}` : 'Transfer-Encoding: chunked';
  const write = (piece: string | Buffer): boolean => {
    if (declared) return socket.write(piece);
    socket.write(`${piece.length.toString(16)}\r\n`);
    socket.write(piece);
    return socket.write('\r\n');
  };
  socket.write(
    `POST /api/v1/${contextId}/documents HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${key}\r\n` +
      `Content-Type: multipart/form-data; boundary=${boundary}\r\n${length}\r\n\r\n`,
  );
  const state = { over: false };
  socket.on('error', () => undefined); // It closes then.
  socket.once('close', () => (state.over = true));
  const answered = answerOn(socket);
  const heard = answered.then(
    () => (state.over ||= !deaf),
    () => undefined,
  );
  try {
    // Differs from upload to upload, so that no two are the same document.
    const piece = Buffer.alloc(PIECE_BYTES, `${randomBytes(48).toString('hex')} word\n`);
    let sent = 0;
    write(head);
    while (sent < bytes && !state.over) {
      const next = piece.subarray(0, Math.min(PIECE_BYTES, bytes - sent));
      sent += next.length;
      if (!write(next)) await Promise.race(deaf ? [drained(socket)] : [drained(socket), heard]);
    }
    if (sent === bytes && !state.over) {
      write(tail);
      if (!declared) socket.write('0\r\n\r\n');
    }
    return { ...(await answered), sent };
  } finally {
    socket.destroy();
  }
}
