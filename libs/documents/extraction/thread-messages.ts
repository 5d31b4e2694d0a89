import type { PreparedDocument } from './prepared-document.js';

/** What a thread can be asked to do, and what it answers when that is done. */
export interface ThreadTasks {
  prepare: {
    readonly task: { readonly bytes: Uint8Array; readonly mediaType: string; readonly charset: string | null };
    readonly answer: PreparedDocument;
  };
  /** Vectors of the local model, one after the other. */
  embed: { readonly task: { readonly texts: readonly string[] }; readonly answer: Float64Array<ArrayBuffer> };
}
export type TaskKind = keyof ThreadTasks;

export type ThreadRequest = { [K in TaskKind]: { readonly kind: K } & ThreadTasks[K]['task'] }[TaskKind];

/** An error in a form that survives the way between threads. `wire` is set for those that a caller may see. */
export interface ThreadFailure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly wire: { readonly status: number; readonly code: string; readonly retryable: boolean } | null;
}

export type ThreadReply =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'chunking' }
  | { readonly kind: 'done'; readonly answer: ThreadTasks[TaskKind]['answer'] }
  | { readonly kind: 'failed'; readonly failure: ThreadFailure };
