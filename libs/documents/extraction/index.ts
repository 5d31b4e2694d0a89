export { ExtractionPool, type ExtractionPoolOptions } from './extraction-pool.js';
export {
  DamagedPreparedError,
  PreparedReader,
  type PreparedDocument,
  type PreparedHeader,
} from './prepared-document.js';
