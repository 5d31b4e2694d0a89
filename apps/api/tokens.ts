/** Injection tokens of what has no class of its own. */
export const OBJECT_STORE = Symbol('ObjectStore');
export const EMBEDDING_MODEL = Symbol('EmbeddingModel');
export const SETTINGS = Symbol('Settings');
