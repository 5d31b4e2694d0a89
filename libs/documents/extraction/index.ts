export { ExtractionPool, type ExtractionPoolOptions } from './extraction-pool.js';
export { PreparedReader, type PreparedDocument, type PreparedHeader } from './prepared-document.js';
