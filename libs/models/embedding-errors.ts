import { SpectraError } from '#libs/contracts/index.js';

/** Thrown when an endpoint is configured without what it needs. */
export function notConfigured(): SpectraError {
  return new SpectraError({
    status: 500,
    code: 'embedding_not_configured',
    message:
      'An embeddings endpoint needs its address, model and vector length: set SPECTRA_EMBEDDINGS_URL, ' +
      'SPECTRA_EMBEDDINGS_MODEL and SPECTRA_EMBEDDINGS_DIMENSIONS, or none of them for the local embeddings.',
  });
}

/** Thrown when the endpoint refuses the key. */
export function unauthorized(host: string, status: number): SpectraError {
  return new SpectraError({
    status: 502,
    code: 'embedding_unauthorized',
    message: `The embeddings endpoint ${host} refused the API key (${status}). Check SPECTRA_EMBEDDINGS_API_KEY.`,
  });
}

/** Thrown when the endpoint understood the request and will not serve it: an unknown model, too long a text. */
export function rejected(host: string, status: number, detail: string): SpectraError {
  return new SpectraError({
    status: 502,
    code: 'embedding_rejected',
    message:
      `The embeddings endpoint ${host} rejected the request (${status})${detail === '' ? '' : `: ${detail}`}. ` +
      'Check SPECTRA_EMBEDDINGS_URL and SPECTRA_EMBEDDINGS_MODEL.',
  });
}

/** Thrown when the endpoint does not answer, or asks to come back later. */
export function unavailable(what: string, retryAfterSeconds?: number, cause?: unknown): SpectraError {
  return new SpectraError({
    status: 503,
    code: 'embedding_unavailable',
    message: `The embeddings endpoint ${what}. Try again later.`,
    retryable: true,
    cause,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Thrown when the endpoint's answer cannot be used. */
export function invalidAnswer(host: string, what: string, retryable: boolean): SpectraError {
  return new SpectraError({
    status: 502,
    code: 'embedding_invalid_answer',
    message: `The answer of the embeddings endpoint ${host} ${what}. Check that it speaks the OpenAI API.`,
    retryable,
  });
}

/** Thrown when vectors have another length than the Context's: storing them would break recall. */
export function dimensionMismatch(model: string, got: number, expected: number): SpectraError {
  return new SpectraError({
    status: 502,
    code: 'embedding_dimension_mismatch',
    message:
      `The embedding model ${model} gives vectors of length ${got}, but ${expected} is configured. ` +
      `Set SPECTRA_EMBEDDINGS_DIMENSIONS=${got}, or choose a model of length ${expected}.`,
  });
}
