export { chunkDocument, type Chunk, type ChunkOptions } from './chunk.js';
export { extractDocument } from './extract.js';
export {
  ExtractionPool,
  DamagedPreparedError,
  PreparedReader,
  type ExtractionPoolOptions,
  type PreparedDocument,
} from './extraction/index.js';
export type { Block, BlockKind, ExtractedDocument, ExtractOptions, PageSpan } from './extracted-document.js';
export { declaredCharset } from './declared-charset.js';
export { detectMediaType, type MediaTypeEvidence } from './media-type.js';
export { UploadAcceptance } from './accept-upload.js';
export { clearUpUploads } from './clear-up-uploads.js';
export {
  ChunkWriter,
  DocumentRepository,
  StageDisplay,
  storageKeys,
  writeFailure,
  writtenPositions,
  type ChunkOwner,
  type EmbeddedChunk,
  type RunIdentity,
  type StoredDocument,
} from './repository/index.js';
