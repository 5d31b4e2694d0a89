import { describe, expect, it } from '@jest/globals';
import { extractDocument } from './extract.js';

const extract = (text: string): ReturnType<typeof extractDocument> =>
  extractDocument(new TextEncoder().encode(text), 'text/plain');

describe('plain text', () => {
  it('parts paragraphs at blank lines and keeps the source as its text', async () => {
    const source = '\n  First line\nsecond line.\r\n \t\r\nNext paragraph.\n\n\n';
    const { text, title, blocks, pages } = await extract(source);
    expect(text).toBe(source);
    expect({ title, pages }).toEqual({ title: null, pages: null });
    expect(blocks.map(({ start, end }) => text.slice(start, end))).toEqual([
      'First line\nsecond line.',
      'Next paragraph.',
    ]);
  });

  it('drops a byte order mark and reads UTF-16 that has one', async () => {
    await expect(extract('\ufeffHello')).resolves.toMatchObject({ text: 'Hello' });
    const utf16 = Uint8Array.of(0xff, 0xfe, 0x48, 0, 0x69, 0);
    await expect(extractDocument(utf16, 'text/plain')).resolves.toMatchObject({ text: 'Hi' });
  });

  it.each(['', ' \n\t\n ', '\u00a0\n'])('calls %j empty', async (source) => {
    await expect(extract(source)).rejects.toMatchObject({ code: 'empty_document', status: 422, retryable: false });
  });

  it('refuses bytes of which no encoding is plain rather than replacing them', async () => {
    const latin1 = Uint8Array.of(0x47, 0x72, 0xfc, 0xdf, 0x65);
    await expect(extractDocument(latin1, 'text/plain')).rejects.toMatchObject({
      code: 'invalid_encoding',
      message: expect.stringMatching(/not valid UTF-8 .* Save it as UTF-8 and upload it again/u) as unknown,
    });
  });

  it('reports progress, and stops when it is aborted', async () => {
    const progress: number[][] = [];
    const bytes = new TextEncoder().encode('Text.');
    await extractDocument(bytes, 'text/plain', { onProgress: (done, total) => progress.push([done, total]) });
    expect(progress).toEqual([[1, 1]]);
    const reason = new Error('given up');
    await expect(extractDocument(bytes, 'text/plain', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('has no reader for other types', async () => {
    await expect(extractDocument(Uint8Array.of(1), 'image/png')).rejects.toMatchObject({ status: 415 });
  });
});
