import { FileObjectStore } from './file-store.js';
import type { ObjectStore } from './object-store.js';

export type { ObjectStore } from './object-store.js';

/** Opens the store that a URL names. This version knows `file:///absolute/path`. */
export function openObjectStore(url: string): ObjectStore {
  return new FileObjectStore(url);
}
