import { describe, expect, it } from '@jest/globals';
import { extractDocument } from './extract.js';
import { EPUB, epubOf } from './testing/archives.js';
import { outline } from './testing/outline.js';

const failure = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, status: 422, message: expect.stringMatching(message) as unknown });
const lines = (...each: string[]): Buffer => Buffer.from(each.join('\r\n'));

describe('CSV', () => {
  it.each([
    [',', 'text/csv'],
    [';', 'text/csv'],
    ['\t', 'text/tab-separated-values'],
    ['|', 'text/csv'],
  ])('finds that %j parts the cells, and names the columns in every row', async (delimiter, mediaType) => {
    const table = lines(
      ['Name', 'Born', 'Note'].join(delimiter),
      ['Ada', '1815', `"first, of; her|kind\tand\nmore"`].join(delimiter),
      ['Bob', '', 'x'].join(delimiter),
    );
    expect(outline(await extractDocument(table, mediaType))).toEqual([
      [
        'table',
        '',
        'Name | Born | Note\nName: Ada | Born: 1815 | Note: first, of; her|kind and more\nName: Bob | Note: x',
      ],
    ]);
  });

  it('reads a table without names, and one whose quotation marks do not come in pairs', async () => {
    expect((await extractDocument(lines('1,2', '3,4'), 'text/csv')).text).toBe('1 | 2\n3 | 4');
    const broken = await extractDocument(lines('a,b', '"1,2', '3,4'), 'text/csv');
    expect(broken.text.split('\n')).toHaveLength(3);
    expect(broken.text).toContain('a: 3 | b: 4');
  });
});

describe('JSON', () => {
  it('gives every value with its path, digits as they are, prose by itself; title and date from the top', async () => {
    const source = `{"title":"Orders","created":"2020-05-06","orders":[{"id":12345678901234567890,"who":{"name":"Ada"}},{"id":2,"open":true,"gone":null}],"text":"One.\\nTwo."}`;
    const document = await extractDocument(Buffer.from(source), 'application/json');
    expect(document).toMatchObject({ title: 'Orders', date: '2020-05-06T00:00:00.000Z' });
    expect(outline(document).map(([, , text]) => text)).toEqual([
      'title: Orders',
      'created: 2020-05-06',
      'orders[0].id: 12345678901234567890\norders[0].who.name: Ada\norders[1].id: 2\norders[1].open: true',
      'text:\nOne.\nTwo.',
    ]);
  });

  it('reads JSON Lines under either name', async () => {
    for (const type of ['application/x-ndjson', 'application/json'])
      expect((await extractDocument(lines('{"a":1}', '{"a":2}'), type)).text).toBe('[0].a: 1\n\n[1].a: 2');
  });

  it('names the line of a mistake, and refuses what is nested without end', async () => {
    await expect(extractDocument(Buffer.from('{"a":1,\n"b":}'), 'application/json')).rejects.toEqual(
      failure('unreadable_document', /line 2/u),
    );
    await expect(extractDocument(Buffer.from('{"a":"cut'), 'application/json')).rejects.toEqual(
      failure('unreadable_document', /valid JSON/u),
    );
    await expect(extractDocument(Buffer.from('['.repeat(100_000)), 'application/json')).rejects.toEqual(
      failure('too_deeply_nested', /1000 levels/u),
    );
  });

  it('holds no half of a character and no NUL', async () => {
    const { text } = await extractDocument(Buffer.from('["a\\ud800b","c\\u0000d"]'), 'application/json');
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toContain('\0');
  });
});

describe('EML', () => {
  it('gives subject, people, date, text and the names of attachments', async () => {
    const mail = lines(
      'From: =?utf-8?Q?J=C3=B6rg?= <j@example.org>',
      'To: a@example.org, "B, C" <b@example.org>',
      'Subject: =?iso-8859-1?Q?Gr=FC=DFe?=',
      'Date: Tue, 1 Jul 2003 10:52:37 +0200',
      'Content-Type: multipart/mixed; boundary=x',
      '',
      '--x',
      'Content-Type: text/plain; charset=koi8-r',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from('f0d2c9d7c5d4', 'hex').toString('base64'),
      '--x',
      'Content-Type: application/pdf; name=plan.pdf',
      'Content-Disposition: attachment; filename=plan.pdf',
      '',
      'SECRET',
      '--x--',
    );
    const document = await extractDocument(mail, 'message/rfc822');
    expect(document).toMatchObject({ title: 'Grüße', date: '2003-07-01T08:52:37.000Z' });
    expect(outline(document).map(([, , text]) => text)).toEqual([
      'Grüße',
      'From: Jörg <j@example.org>\nTo: a@example.org, B, C <b@example.org>\nDate: 2003-07-01T08:52:37.000Z',
      'Привет',
      'Attachment: plan.pdf (application/pdf)',
    ]);
  });

  it('reads HTML where there is no text, and refuses what is no mail', async () => {
    const mail = lines('Subject: x', 'Content-Type: text/html', '', '<h2>Head</h2><p>Body</p>');
    expect((await extractDocument(mail, 'message/rfc822')).text).toContain('Head\n\nBody');
    await expect(extractDocument(Buffer.from('just words'), 'message/rfc822')).rejects.toEqual(
      failure('wrong_media_type', /not an e-mail/u),
    );
  });

  it.each([
    ['lines', '\n'.repeat(1_000_001)],
    ['parts', 'Content-Type: multipart/mixed; boundary=x\n\n' + '--x\n\na\n'.repeat(20_001)],
  ])('is refused with more %s than any person sends', async (what, rest) => {
    const mail = Buffer.from(`From: a@example.org\nSubject: x\n${rest}`);
    await expect(extractDocument(mail, 'message/rfc822')).rejects.toEqual(
      failure('document_too_large', new RegExp(`0 ${what}\\. Split it`, 'u')),
    );
  });
});

describe('EPUB', () => {
  const page = (body: string): string => `<html><head><title/><script src="a"/></head><body>${body}</body></html>`;

  it('gives the pages of the spine in reading order, with title and date of the book', async () => {
    const document = await extractDocument(epubOf({ b: page('<h1>One</h1><p>x</p>'), a: page('<h1>Two</h1>') }), EPUB);
    expect(document).toMatchObject({ title: 'The Book', date: '2019-03-04T00:00:00.000Z', pages: null });
    expect(outline(document).map(([, , text]) => text)).toEqual(['One', 'x', 'Two']);
  });

  it('says that a book is under copy protection', async () => {
    const protection = { 'META-INF/encryption.xml': '<encryption><CipherReference URI="OEBPS/a.xhtml"/></encryption>' };
    await expect(extractDocument(epubOf({ a: page('x') }, protection), EPUB)).rejects.toEqual(
      failure('encrypted_document', /EPUB/u),
    );
  });
});

describe('dates', () => {
  const NOW = Date.UTC(2024, 5, 1);
  const dateOf = async (source: string, type = 'text/markdown'): Promise<string | null> =>
    (await extractDocument(Buffer.from(source), type, { now: () => NOW })).date;

  it('come from front matter and from meta elements', async () => {
    expect(await dateOf('---\ndate: 2023-04-05 10:00:00 +0200\nupdated: 2024-01-01\n---\ntext')).toBe(
      '2023-04-05T08:00:00.000Z',
    );
    expect(await dateOf('---\npublished: May 6, 2021\n---\ntext')).toBe('2021-05-06T00:00:00.000Z');
    expect(
      await dateOf('<meta property="article:published_time" content="2022-02-03T04:05:06Z"><p>x', 'text/html'),
    ).toBe('2022-02-03T04:05:06.000Z');
  });

  it('are not believed before 1900, more than a year ahead, or on days that do not exist', async () => {
    for (const date of ['1869-01-01', '2025-07-01', '2023-02-30', 'soon'])
      expect(await dateOf(`---\ndate: ${date}\n---\ntext`)).toBeNull();
  });
});
