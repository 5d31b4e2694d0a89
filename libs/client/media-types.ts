import { mediaTypeByEnding } from '#libs/contracts/index.js';

/** The media type that a file's ending stands for; undefined where the server has to look at the bytes. */
export function mediaTypeOf(path: string): string | undefined {
  return mediaTypeByEnding(path) ?? undefined;
}
