import { describe, expect, it } from '@jest/globals';
import { DOCUMENT_FORMATS } from '#libs/contracts/index.js';
import { mediaTypeOf } from './media-types.js';

describe('the media type of a file', () => {
  it('follows from its ending as the service understands it', () => {
    for (const { endings, mediaType } of DOCUMENT_FORMATS) {
      for (const ending of endings) expect([ending, mediaTypeOf(`Some File${ending}`)]).toEqual([ending, mediaType]);
    }
  });

  it.each(['notes', 'archive.zip', 'x.constructor', '.md.bak'])('is left to the service for %s', (name) => {
    expect(mediaTypeOf(name)).toBeUndefined();
  });
});
