/** All workflows of this generation: what the bundle is built from. */
export { documentPipeline } from './document-pipeline.js';
export { expireIdempotency } from './expire-idempotency.js';
