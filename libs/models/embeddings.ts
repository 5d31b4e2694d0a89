/** Turns texts into vectors that lie close together when the texts are about the same. */
export interface EmbeddingModel {
  /** Recorded with every vector: vectors of different ids must never be compared. */
  readonly id: string;
  /** Length of every vector. */
  readonly dimensions: number;
  /**
   * One vector for each text, in the same order; no text gives none.
   *
   * Thrown: SpectraError whose `retryable` says whether the same call can succeed later; the signal's reason when it
   * is aborted.
   */
  embed(texts: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<number[][]>;
}
