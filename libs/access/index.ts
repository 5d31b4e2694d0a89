export { ContextRegistry, type RegisteredContext } from './context-registry.js';
export { KeyRing, type Caller } from './key-ring.js';
export { parseKey } from './key-format.js';
