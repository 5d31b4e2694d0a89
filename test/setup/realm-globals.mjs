// jest runs tests in a realm of its own, where Node's crypto returns typed arrays of the outer one; the SurrealDB SDK
// tells a random UUID from a given one by `instanceof Uint32Array`.
import { runInThisContext } from 'node:vm';

globalThis.Uint32Array = runInThisContext('Uint32Array');
