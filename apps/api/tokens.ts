/** Injection token of the object store, which is an interface and has no class of its own. */
export const OBJECT_STORE = Symbol('ObjectStore');
