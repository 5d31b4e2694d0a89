import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { extractDocument } from '../extract.js';
import { DOCX, docxOf, EPUB, epubOf, zipOf } from '../testing/archives.js';
import { openArchive } from './open-archive.js';

const failure = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, status: 422, message: expect.stringMatching(message) as unknown });

/** One deflated entry whose headers claim `claimed` bytes; flag 1 is for encryption. */
function deflated(name: string, content: Buffer, claimed = content.length, flags = 0): Buffer {
  const body = deflateRawSync(content);
  const whole = zipOf({ [name]: '' });
  const header = 30 + name.length;
  const local = Buffer.concat([whole.subarray(0, header), body]);
  const directory = Buffer.from(whole.subarray(header));
  for (const [bytes, at] of [
    [local, 6],
    [directory, 8],
  ] as const) {
    bytes.writeUInt16LE(flags, at);
    bytes.writeUInt16LE(8, at + 2);
    bytes.writeUInt32LE(crc32(content), at + 8);
    bytes.writeUInt32LE(body.length, at + 12);
    bytes.writeUInt32LE(claimed, at + 16);
  }
  directory.writeUInt32LE(local.length, directory.length - 6);
  return Buffer.concat([local, directory]);
}

describe('openArchive', () => {
  it('inflates an entry, and gives null for one that is not there', async () => {
    const archive = await openArchive(deflated('a.xml', Buffer.from('text '.repeat(100))), 'DOCX');
    expect(archive.names).toEqual(['a.xml']);
    expect(Buffer.from((await archive.read('a.xml')) ?? []).toString()).toBe('text '.repeat(100));
    expect(await archive.read('b.xml')).toBeNull();
  });

  it('stops a bomb by what it inflates, not by what it claims', async () => {
    const bomb = Buffer.alloc(8 * 1024 * 1024);
    const honest = await openArchive(deflated('a.xml', bomb), 'DOCX');
    await expect(honest.read('a.xml')).rejects.toEqual(failure('archive_too_large', /smaller document/u));
    const liar = await openArchive(deflated('a.xml', bomb, 10), 'DOCX');
    await expect(liar.read('a.xml')).rejects.toEqual(failure('unreadable_document', /damaged/u));
  });

  it('refuses more entries than any document has', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`${index}.xml`, '']));
    await expect(openArchive(zipOf(many), 'DOCX')).rejects.toEqual(failure('archive_too_large', /10000 files/u));
  });

  it('refuses entries that need a password, and names that lead out of a folder', async () => {
    const secret = await openArchive(deflated('a.xml', Buffer.from('text'), 4, 1), 'DOCX');
    await expect(secret.read('a.xml')).rejects.toEqual(failure('encrypted_document', /password/u));
    await expect(openArchive(zipOf({ '../../etc/passwd': 'x' }), 'DOCX')).rejects.toEqual(
      failure('unreadable_document', /damaged/u),
    );
  });

  it('says that a file was cut, wherever it was', async () => {
    for (const [bytes, type] of [
      [docxOf('<w:p/>'), DOCX],
      [epubOf({ a: '<p>x</p>' }), EPUB],
    ] as const)
      for (const share of [0.1, 0.5, 0.9])
        await expect(extractDocument(bytes.subarray(0, Math.floor(bytes.length * share)), type)).rejects.toEqual(
          failure('truncated_document', /incomplete/u),
        );
  });
});
