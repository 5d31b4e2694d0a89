import type { IncomingMessage } from 'node:http';
import { pieceRead } from './body-memory.js';

/**
 * How much of a refused body is read, unseen, for the sake of its sender: many clients look for the answer only when
 * they have sent everything, and would see a broken connection instead of it. Reading costs next to nothing, but not
 * for ever: 256 MiB is five times the default upload limit, and 30 s is enough for that at 70 Mbit/s.
 */
const DISCARD_BYTES = 256 * 1024 * 1024;
const DISCARD_MS = 30_000;

/**
 * Takes what a client still sends although its answer is on the way, and ends the connection when that is too much or
 * takes too long. Nothing to do for a request that was read to its end.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return;
  // Whoever was reading has given up, and would hold the stream back.
  request.unpipe();
  request.resume();
  if (request.complete) return;
  const { socket } = request;
  const end = (): void => {
    socket.destroy();
  };
  const timer = setTimeout(end, DISCARD_MS).unref();
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    pieceRead(piece.length);
    if (bytes > DISCARD_BYTES) end();
  });
  const done = (): void => {
    clearTimeout(timer);
  };
  request.once('end', done).once('close', done);
}
