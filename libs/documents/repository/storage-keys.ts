/** Where the bytes of a document and what was derived from them lie in the object store. */
export const storageKeys = {
  /** Everything of a Context. */
  context: (contextId: string): string => `contexts/${contextId}/`,

  /** The upload: under its hash, but one object per document, so that a delete never takes another's bytes. */
  original: (contextId: string, contentHash: string, documentId: string): string => {
    const hex = contentHash.replace(/^blake3:/, '');
    return `contexts/${contextId}/blake3/${hex.slice(0, 2)}/${hex}/${documentId}`;
  },

  /** Everything derived from a document. */
  derived: (contextId: string, documentId: string): string => `contexts/${contextId}/derived/${documentId}/`,

  /** Everything derived from one version of a document. */
  derivedVersion: (contextId: string, documentId: string, version: number): string =>
    `contexts/${contextId}/derived/${documentId}/v${version}/`,

  /** A document that is read and cut, until all of it is indexed. */
  prepared: (contextId: string, documentId: string, version: number): string =>
    `contexts/${contextId}/derived/${documentId}/v${version}/prepared.ndjson`,
};
