import { describe, expect, it } from '@jest/globals';
import { ACCEPTED_MEDIA_TYPES, UnsupportedMediaTypeError } from '#libs/contracts/index.js';
import { detectMediaType } from './media-type.js';
import { DOCX, docxOf, EPUB, epubOf, PPTX, pptxOf, XLSX, xlsxOf, zipOf } from './testing/archives.js';

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
    const refused = detectMediaType({ declared: 'application/xml', head: bytes('<a>') });
    await expect(refused).rejects.toThrow(UnsupportedMediaTypeError);
    await expect(refused).rejects.toMatchObject({ status: 415, code: 'unsupported_media_type' });
    await expect(refused).rejects.toThrow(
      `application/xml is not supported. Accepted: ${ACCEPTED_MEDIA_TYPES.join(', ')}.`,
    );
  });

  it.each(['text/plain', 'text/markdown', 'text/html'])(
    'refuses content that only claims to be %s',
    async (declared) => {
      await expect(detectMediaType({ declared, head: PNG })).rejects.toThrow(`image/png declared as ${declared}`);
      await expect(detectMediaType({ declared, head: bytes('a\0b') })).rejects.toThrow(UnsupportedMediaTypeError);
    },
  );

  it('refuses undeclared content that nothing reads', async () => {
    await expect(detectMediaType({ fileName: 'a.txt', head: PNG })).rejects.toThrow('image/png');
    await expect(detectMediaType({ head: bytes('{\\rtf1\\ansi Hello}') })).rejects.toThrow('application/rtf');
  });

  it.each(['text/plain', 'text/html', 'image/png', 'application/json', null])(
    'knows a PDF by its content when %p is declared',
    async (declared) => {
      await expect(detectMediaType({ declared, fileName: 'a.txt', head: PDF })).resolves.toBe('application/pdf');
    },
  );

  it('knows office files and books by what stands in them, whatever they are called', async () => {
    const disguised = { declared: 'text/plain', fileName: 'a.txt' };
    await expect(detectMediaType({ ...disguised, head: docxOf('') })).resolves.toBe(DOCX);
    await expect(detectMediaType({ ...disguised, head: pptxOf([]) })).resolves.toBe(PPTX);
    await expect(detectMediaType({ ...disguised, head: xlsxOf({}) })).resolves.toBe(XLSX);
    await expect(detectMediaType({ ...disguised, head: epubOf({}) })).resolves.toBe(EPUB);
  });

  it('leaves an archive that does not show its kind to the extraction of the type it claims', async () => {
    const head = zipOf({ 'media/picture.png': 'x'.repeat(8_000) }).subarray(0, 4_100);
    await expect(detectMediaType({ declared: DOCX, head })).resolves.toBe(DOCX);
    await expect(detectMediaType({ declared: 'application/zip', fileName: 'a.docx', head })).resolves.toBe(DOCX);
    await expect(detectMediaType({ fileName: 'a.zip', head })).rejects.toThrow('application/zip');
    await expect(detectMediaType({ declared: 'text/csv', head })).rejects.toThrow(
      'application/zip declared as text/csv',
    );
  });

  it('leaves what Office encrypts into to the extraction, which says what to do', async () => {
    const head = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]);
    await expect(detectMediaType({ fileName: 'secret.xlsx', head })).resolves.toBe(XLSX);
    await expect(detectMediaType({ fileName: 'letter.doc', head })).rejects.toThrow(UnsupportedMediaTypeError);
  });

  it.each([
    ['text/csv', null, 'a,b\n1,2\n', 'text/csv'],
    [null, 'a.CSV', 'a,b\n1,2\n', 'text/csv'],
    ['application/vnd.ms-excel', 'a.csv', 'a;b\n', 'text/csv'],
    [null, 'a.tsv', 'a\tb\n', 'text/tab-separated-values'],
    [null, 'a.json', ' {"a": 1}', 'application/json'],
    ['application/json', null, 'no JSON', 'text/plain'],
    [null, 'a.jsonl', '{"a": 1}\n', 'application/x-ndjson'],
    [null, 'a.eml', 'From: a@example.org\n', 'message/rfc822'],
    [null, 'a.eml', 'Dear all, no mail', 'text/plain'],
    [null, 'a.csv', '<!doctype html><p>Sign in', 'text/html'],
    [null, 'a.md', '<!doctype html><p>Page', 'text/html'],
    ['text/markdown', 'a.md', '<html> in Markdown', 'text/markdown'],
  ])('tells text declared %p and called %p apart by its beginning %p', async (declared, fileName, text, expected) => {
    await expect(detectMediaType({ declared, fileName, head: bytes(text) })).resolves.toBe(expected);
  });

  it('leaves text that is declared as a format that is none to fail as that format', async () => {
    for (const declared of ['application/pdf', DOCX])
      await expect(detectMediaType({ declared, head: bytes('<html>Sign in') })).resolves.toBe(declared);
  });

  it('takes text in other encodings for text', async () => {
    await expect(detectMediaType({ head: Uint8Array.of(0x47, 0x72, 0xfc, 0xdf, 0x65) })).resolves.toBe('text/plain');
    const wide = Buffer.from('Wide text without a mark', 'utf16le');
    await expect(detectMediaType({ head: wide })).resolves.toBe('text/plain');
  });
});
