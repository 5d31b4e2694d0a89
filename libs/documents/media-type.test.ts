import { describe, expect, it } from '@jest/globals';
import { ACCEPTED_MEDIA_TYPES, UnsupportedMediaTypeError } from '#libs/contracts/index.js';
import { detectMediaType } from './media-type.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0);
const PDF = Uint8Array.of(...bytes('%PDF-1.7\n%'), 0xe2, 0xe3, 0xcf, 0xd3, 0x0a);

describe('detectMediaType', () => {
  it.each([
    ['text/markdown', 'notes.txt', 'text/markdown'],
    ['Text/Plain; charset=utf-8', 'notes.md', 'text/plain'],
    ['text/x-markdown', null, 'text/markdown'],
    ['application/xhtml+xml', null, 'text/html'],
    ['application/x-pdf', null, 'application/pdf'],
  ])('believes the declared type %s', async (declared, fileName, expected) => {
    await expect(detectMediaType({ declared, fileName, head: bytes('# Notes\n') })).resolves.toBe(expected);
  });

  it.each([undefined, null, '', 'application/octet-stream', 'application/octet-stream; charset=binary'])(
    'looks at the content when %p is declared',
    async (declared) => {
      const detect = (head: Uint8Array, fileName: string | null): Promise<string> =>
        detectMediaType({ ...(declared === undefined ? {} : { declared }), fileName, head });
      await expect(detect(PDF, 'upload')).resolves.toBe('application/pdf');
      await expect(detect(bytes('\n<!-- page -->\n<!DOCTYPE html><p>Hi'), 'upload')).resolves.toBe('text/html');
      await expect(detect(bytes('<?xml version="1.0"?>\n<html xmlns="x">'), null)).resolves.toBe('text/html');
      await expect(detect(bytes('Plain words'), 'upload')).resolves.toBe('text/plain');
      await expect(detect(bytes('Plain words'), 'README.MD')).resolves.toBe('text/markdown');
      await expect(detect(bytes('<p>Fragment</p>'), 'page.htm')).resolves.toBe('text/html');
      await expect(detect(new Uint8Array(), 'empty.md')).resolves.toBe('text/markdown');
    },
  );

  it('takes text that begins like a binary format for text', async () => {
    await expect(detectMediaType({ head: bytes('BM stands for benchmark. ID3 is a tag.') })).resolves.toBe(
      'text/plain',
    );
    await expect(detectMediaType({ head: bytes('A file that begins with %PDF-1.7 is a PDF.') })).resolves.toBe(
      'text/plain',
    );
  });

  it('accepts a head that ends inside a character', async () => {
    await expect(detectMediaType({ head: bytes('Zürich 東京').subarray(0, -1) })).resolves.toBe('text/plain');
  });

  it('refuses a type that is not accepted, with the accepted list', async () => {
    const refused = detectMediaType({ declared: 'application/zip', head: bytes('PK') });
    await expect(refused).rejects.toThrow(UnsupportedMediaTypeError);
    await expect(refused).rejects.toMatchObject({ status: 415, code: 'unsupported_media_type' });
    await expect(refused).rejects.toThrow(
      `application/zip is not supported. Accepted: ${ACCEPTED_MEDIA_TYPES.join(', ')}.`,
    );
  });

  it.each(['text/plain', 'text/markdown', 'text/html'])(
    'refuses content that only claims to be %s',
    async (declared) => {
      await expect(detectMediaType({ declared, head: PNG })).rejects.toThrow(`image/png declared as ${declared}`);
      await expect(detectMediaType({ declared, head: PDF })).rejects.toThrow(`application/pdf declared as ${declared}`);
      await expect(detectMediaType({ declared, head: bytes('a\0b') })).rejects.toThrow(UnsupportedMediaTypeError);
    },
  );

  it('refuses undeclared content that is neither a PDF nor text', async () => {
    await expect(detectMediaType({ fileName: 'a.txt', head: PNG })).rejects.toThrow('image/png');
    await expect(detectMediaType({ head: bytes('{\\rtf1\\ansi Hello}') })).rejects.toThrow('application/rtf');
    await expect(detectMediaType({ head: Uint8Array.of(0x47, 0x72, 0xfc, 0xdf, 0x65) })).rejects.toThrow('not UTF-8');
  });
});
