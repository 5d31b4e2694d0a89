export { deleteStaleChunks, writeChunks, type EmbeddedChunk } from './chunk-writer.js';
export { DocumentRepository, type StoredDocument } from './document-repository.js';
export { JobRepository } from './job-repository.js';
export { storageKeys } from './storage-keys.js';
