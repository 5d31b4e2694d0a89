export { ChunkWriter, writtenPositions, type ChunkOwner, type Completion, type EmbeddedChunk } from './chunk-writer.js';
export { DocumentRepository, type StoredDocument } from './document-repository.js';
export { StageDisplay, writeFailure, type RunIdentity } from './pipeline-run.js';
export { storageKeys } from './storage-keys.js';
