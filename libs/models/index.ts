export type { EmbeddingModel } from './embeddings.js';
export { localEmbeddings } from './local-embeddings.js';
export { openAiEmbeddings, type OpenAiEmbeddingsOptions } from './openai-embeddings.js';
