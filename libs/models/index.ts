export type { EmbeddingModel } from './embeddings.js';
export { localEmbeddings, LOCAL_EMBEDDING_DIMENSIONS } from './local-embeddings.js';
export { openAiEmbeddings, type OpenAiEmbeddingsOptions } from './openai-embeddings.js';
