export { ContextRegistry, type RegisteredContext } from './context-registry.js';
export { KeyRing, type Caller } from './key-ring.js';
