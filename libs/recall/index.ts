export {
  RecallRouter,
  type RecallContext,
  type RecallHit,
  type RecallMode,
  type RecallRequest,
} from './recall-router.js';
export { RECALL_SIGNALS } from '#libs/contracts/index.js';
