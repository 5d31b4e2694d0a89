export { RecallRouter, type RecallHit, type RecallMode, type RecallRequest } from './recall-router.js';
