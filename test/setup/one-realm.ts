import { runInThisContext } from 'node:vm';

// Jest gives tests their own typed arrays and the process's ArrayBuffer. The SurrealDB SDK makes its session ids from
// both and then does not know its own buffer: a connection would wait for ever. With the process's own they fit.
globalThis.Uint32Array = runInThisContext('Uint32Array') as Uint32ArrayConstructor;
