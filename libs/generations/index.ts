export { codeHash } from './code-hash.js';
export { deployedAt } from './deployed-at.js';
export {
  activate,
  activeGeneration,
  allocateGeneration,
  head,
  resolveDevGeneration,
  verifyCodeHash,
  type Deployment,
} from './deployments.js';
export { taskQueue, type TaskQueueFamily } from './task-queue.js';
export {
  WorkerHeartbeat,
  type WorkerDetail,
  type WorkerHeartbeatOptions,
  type WorkerState,
} from './worker-heartbeat.js';
