/** Inputs of workflows: references only (ids, object keys, hashes), never documents, prompts or answers. */
export interface DocumentPipelineInput {
  readonly contextId: string;
  readonly documentId: string;
  readonly version: number;
  readonly storageKey: string;
  readonly contentHash: string;
  readonly mimeType: string;
  readonly charset?: string | null;
  readonly sizeBytes: number;
  readonly acceptedAt: string;
  readonly generation: number;
}

export type DocumentPipelineResult =
  | { readonly status: 'ready'; readonly chunkCount: number }
  | { readonly status: 'failed'; readonly code: string }
  | { readonly status: 'gone' };

export interface SweepInput {
  readonly generation: number;
}

/** The deterministic id of a document's pipeline run. */
export function documentWorkflowId(contextId: string, documentId: string, version: number): string {
  return `document/${contextId}/${documentId}/v${version}`;
}
