import { describe, expect, it } from '@jest/globals';
import { extractDocument } from '../extract.js';
import type { ExtractedDocument } from '../extracted-document.js';

/** One page: PDF drawing operators, and whatever else stands in its dictionary. */
interface Page {
  readonly content: string;
  readonly entries?: string;
}

interface Parts {
  readonly pages: readonly Page[];
  readonly catalog?: string;
  readonly trailer?: string;
  /** Further objects, numbered from 100. */
  readonly objects?: readonly string[];
}

const encode = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Writes a PDF by hand: Helvetica is F1, Helvetica-Bold F2, Courier F3; a page is 600 by 800 points. */
function pdfOf({ pages, catalog = '', trailer = '', objects = [] }: Parts): Uint8Array {
  const numbered = new Map<number, string>();
  const kids = pages.map((_, index) => `${10 + index * 2} 0 R`).join(' ');
  numbered.set(1, `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`);
  numbered.set(2, `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`);
  ['Helvetica', 'Helvetica-Bold', 'Courier'].forEach((font, index) => {
    numbered.set(3 + index, `<< /Type /Font /Subtype /Type1 /BaseFont /${font} /Encoding /WinAnsiEncoding >>`);
  });
  pages.forEach(({ content, entries = '' }, index) => {
    const resources = '/Resources << /Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R >> >>';
    const number = 10 + index * 2;
    numbered.set(
      number,
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] ${resources} /Contents ${number + 1} 0 R ${entries} >>`,
    );
    numbered.set(number + 1, `<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
  });
  objects.forEach((object, index) => numbered.set(100 + index, object));
  let file = '%PDF-1.7\n';
  let table = '';
  for (const [number, object] of numbered) {
    table += `${number} 1\n${String(file.length).padStart(10, '0')} 00000 n \n`;
    file += `${number} 0 obj\n${object}\nendobj\n`;
  }
  const root = `<< /Size 200 /Root 1 0 R ${trailer} >>`;
  return encode(`${file}xref\n0 1\n0000000000 65535 f \n${table}trailer\n${root}\nstartxref\n${file.length}\n%%EOF\n`);
}

const draw = (text: string, x: number, y: number, font = 'F1', size = 10): string =>
  `BT /${font} ${size} Tf 1 0 0 1 ${x} ${y} Tm (${text.replace(/[()\\]/gu, '\\$&')}) Tj ET`;
const lines = (texts: readonly string[], y: number, x = 60): string =>
  texts.map((text, index) => draw(text, x, y - index * 12)).join('\n');
const extract = (parts: Parts): Promise<ExtractedDocument> => extractDocument(pdfOf(parts), 'application/pdf');
const outline = ({ text, blocks }: ExtractedDocument): string[][] =>
  blocks.map((block) => [block.kind, block.headingPath.join(' > '), text.slice(block.start, block.end)]);
const failure = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, status: 422, retryable: false, message: expect.stringMatching(message) as unknown });

const BODY = ['The first line of a paragraph goes on', 'and ends in its second line.'];

describe('PDF by its layout', () => {
  it('joins lines to paragraphs and finds headings by size and weight', async () => {
    const content = [
      draw('Annual report', 60, 740, 'F1', 24),
      draw('Income', 60, 700, 'F1', 16),
      lines(BODY, 670),
      lines(['Another paragraph after a gap.'], 620),
      draw('Details', 60, 590, 'F2'),
      lines(['Text of the details.', 'It has two lines.'], 570),
    ].join('\n');
    const document = await extract({ pages: [{ content }] });
    expect(document.title).toBe('Annual report');
    expect(outline(document)).toEqual([
      ['heading', 'Annual report', 'Annual report'],
      ['heading', 'Annual report > Income', 'Income'],
      ['paragraph', 'Annual report > Income', 'The first line of a paragraph goes on and ends in its second line.'],
      ['paragraph', 'Annual report > Income', 'Another paragraph after a gap.'],
      ['heading', 'Annual report > Income > Details', 'Details'],
      ['paragraph', 'Annual report > Income > Details', 'Text of the details. It has two lines.'],
    ]);
  });

  it('parts words by position and leaves kerned letters together', async () => {
    const content = [
      draw('Hello', 60, 700),
      draw('world', 90, 700),
      'BT /F1 10 Tf 60 688 Td [(Ker) 40 (ned)] TJ ET',
    ].join('\n');
    expect((await extract({ pages: [{ content }] })).text).toBe('Hello world Kerned');
  });

  it('reads columns one after the other', async () => {
    const left = ['Left one', 'left two', 'left three'];
    const right = ['Right one', 'right two', 'right three'];
    const content = [lines(left, 700), lines(right, 700, 330)].join('\n');
    expect((await extract({ pages: [{ content }] })).text).toBe(
      'Left one left two left three\n\nRight one right two right three',
    );
  });

  it('sorts lines that are drawn in disorder', async () => {
    const rows = Array.from({ length: 12 }, (_, index) =>
      draw(`Line ${String.fromCharCode(97 + index)}`, 60, 700 - index * 12),
    );
    const { text } = await extract({ pages: [{ content: rows.reverse().join('\n') }] });
    expect(text.match(/Line ./gu)?.join()).toBe('abcdefghijkl'.replace(/./gu, 'Line $&,').slice(0, -1));
  });

  it('reads bullets and numbers as a list, item by item', async () => {
    const content = lines(['Before:'], 700) + '\n' + draw('- one that goes', 60, 680) + '\n' + draw('on', 72, 668);
    const document = await extract({
      pages: [{ content: `${content}\n${draw('2. two', 60, 656)}\n${lines(['After.'], 620)}` }],
    });
    expect(outline(document).map(([kind, , text]) => [kind, text])).toEqual([
      ['paragraph', 'Before:'],
      ['list', '- one that goes on\n2. two'],
      ['paragraph', 'After.'],
    ]);
  });

  it('keeps the lines and the indentation of code', async () => {
    const content = [
      lines(BODY, 700),
      draw('if (x) {', 60, 660, 'F3'),
      draw('go();', 72, 648, 'F3'),
      draw('}', 60, 636, 'F3'),
    ];
    const document = await extract({ pages: [{ content: content.join('\n') }] });
    expect(outline(document).at(-1)).toEqual(['code', '', 'if (x) {\n  go();\n}']);
  });

  it('joins words parted at a line end, and keeps hyphens that belong to them', async () => {
    const texts = ['A well-known docu-', 'ment has a well-', 'known hyphen and OSCAL-', 'based files.'];
    const { text } = await extract({ pages: [{ content: lines(texts, 700) }] });
    expect(text).toBe('A well-known document has a well-known hyphen and OSCAL-based files.');
  });

  it('gives page spans, drops running lines, and joins a paragraph across pages', async () => {
    const page = (number: number, body: string): Page => ({
      content: `${draw('Company confidential', 60, 780)}\n${body}\n${draw(`Page ${number} of 4`, 280, 20)}`,
    });
    const document = await extract({
      pages: [
        page(1, lines(['A paragraph that goes on over'], 700)),
        page(2, `${lines(['the page break.'], 700)}\n${lines(['Second.'], 650)}`),
        page(3, ''),
        page(4, lines(['The fourth page has enough text as well.'], 700)),
      ],
    });
    expect(outline(document).map(([, , text]) => text)).toEqual([
      'A paragraph that goes on over the page break.',
      'Second.',
      'The fourth page has enough text as well.',
    ]);
    const pages = document.pages?.map(({ page: number, start, end }) => [
      number,
      document.text.slice(start, end).trim(),
    ]);
    expect(pages).toEqual([
      [1, 'A paragraph that goes on over'],
      [2, 'the page break.\n\nSecond.'],
      [3, ''],
      [4, 'The fourth page has enough text as well.'],
    ]);
  });

  it('leaves out a table of contents', async () => {
    const content = lines(['Contents', 'Income ........ 2', 'Costs . . . . . . 3'], 700) + '\n' + lines(BODY, 600);
    expect((await extract({ pages: [{ content }] })).text).not.toMatch(/\.{4}|\. \. \./u);
  });

  it('takes headings and their levels from the outline', async () => {
    const titles = ['Part one', 'Chapter', 'Part two'];
    const content = titles.map(
      (title, index) => `${draw(title, 60, 740 - index * 100)}\n${lines(BODY, 710 - index * 100)}`,
    );
    const item = (title: string, links: string): string => `<< /Title (${title}) /Parent 100 0 R ${links} >>`;
    const document = await extract({
      pages: [{ content: content.join('\n') }],
      catalog: '/Outlines 100 0 R',
      objects: [
        '<< /Type /Outlines /First 101 0 R /Last 103 0 R /Count 2 >>',
        item('Part one', '/Next 103 0 R /First 102 0 R /Last 102 0 R /Count 1'),
        item('CHAPTER', ''),
        item('Part two', '/Prev 101 0 R'),
      ],
    });
    expect(outline(document).filter(([kind]) => kind === 'heading')).toEqual([
      ['heading', 'Part one', 'Part one'],
      ['heading', 'Part one > Chapter', 'Chapter'],
      ['heading', 'Part two', 'Part two'],
    ]);
  });
});

describe('PDF by its tags', () => {
  /** Every tag is drawn in one look, so that only the structure tree can tell what it is. */
  const tags: [string, string][] = [
    ['H1', 'Guide'],
    ['P', 'Told by tags.'],
    ['TD', 'a'],
    ['TD', 'b'],
    ['TD', '1'],
    ['TD', '2'],
    ['LI', 'first item'],
    ['LI', 'second item'],
    ['TOCI', 'Guide, page one'],
    ['H2', 'End'],
  ];
  const marked = tags.map(([tag, text], id) => `/${tag} << /MCID ${id} >> BDC ${draw(text, 60, 700 - id * 12)} EMC`);
  const parents: Record<number, number> = { 2: 123, 3: 123, 4: 124, 5: 124, 6: 121, 7: 121, 8: 122 };
  const leaf = (id: number): string =>
    `<< /Type /StructElem /S /${tags[id]?.[0] ?? 'P'} /P ${parents[id] ?? 100} 0 R /Pg 10 0 R /K ${id} >>`;
  const group = (tag: string, kids: string, parent = 100): string =>
    `<< /Type /StructElem /S /${tag} /P ${parent} 0 R /Pg 10 0 R /K [${kids}] >>`;
  const ref = (...ids: number[]): string => ids.map((id) => `${id} 0 R`).join(' ');
  const tagged: Parts = {
    pages: [
      {
        content: `/Artifact BMC ${draw('Running head', 60, 780)} EMC\n${marked.join('\n')}`,
        entries: '/StructParents 0',
      },
    ],
    catalog: '/MarkInfo << /Marked true >> /StructTreeRoot 100 0 R',
    objects: [
      `<< /Type /StructTreeRoot /K [${ref(110, 111, 120, 121, 122, 119)}] /ParentTree 101 0 R >>`,
      `<< /Nums [0 [${ref(...tags.map((_, id) => 110 + id))}]] >>`,
      ...Array.from({ length: 8 }, () => 'null'),
      ...tags.map((_, id) => leaf(id)),
      group('Table', ref(123, 124)),
      group('L', ref(116, 117)),
      group('TOC', ref(118)),
      group('TR', ref(112, 113), 120),
      group('TR', ref(114, 115), 120),
    ],
  };

  it('believes them on headings, tables, lists and what is decoration', async () => {
    expect(outline(await extract(tagged))).toEqual([
      ['heading', 'Guide', 'Guide'],
      ['paragraph', 'Guide', 'Told by tags.'],
      ['table', 'Guide', 'a | b\n1 | 2'],
      ['list', 'Guide', 'first item\nsecond item'],
      ['heading', 'Guide > End', 'End'],
    ]);
  });

  it('does not, where they leave text out', async () => {
    const page = tagged.pages[0];
    const content = `${page?.content ?? ''}\n${lines(['Much of this page was added later, without any tag.'], 400)}`;
    const { text } = await extract({ ...tagged, pages: [{ ...page, content }] });
    expect(text).toMatch(/without any tag\.$/u);
  });
});

describe('PDF that cannot be read', () => {
  it('says that it is none', async () => {
    const html = encode('<html>Not found</html>');
    await expect(extractDocument(html, 'application/pdf')).rejects.toEqual(
      failure('unreadable_pdf', /not a PDF file/u),
    );
  });

  it('says that it is cut short', async () => {
    const whole = pdfOf({ pages: [{ content: lines(BODY, 700) }] });
    const half = whole.subarray(0, whole.length / 2);
    await expect(extractDocument(half, 'application/pdf')).rejects.toEqual(failure('truncated_pdf', /incomplete/u));
  });

  it('says that it is damaged', async () => {
    const damaged = encode('%PDF-1.7\nnothing of use\nstartxref\n5\n%%EOF\n');
    await expect(extractDocument(damaged, 'application/pdf')).rejects.toEqual(failure('unreadable_pdf', /damaged/u));
  });

  it('says that it needs a password', async () => {
    const secret = '00'.repeat(32);
    const encrypted = extract({
      pages: [{ content: lines(BODY, 700) }],
      trailer: `/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <${secret}> /U <${secret}> >> /ID [<00> <00>]`,
    });
    await expect(encrypted).rejects.toEqual(failure('encrypted_pdf', /password/u));
  });

  it('says that a scan needs OCR, stamped or not', async () => {
    const scan = (content: string): Promise<unknown> =>
      extract({ pages: Array.from({ length: 4 }, () => ({ content })) });
    await expect(scan('0 0 600 800 re f')).rejects.toEqual(failure('no_text_layer', /4 of its 4 pages.*OCR/u));
    await expect(scan(draw('Scanned by a machine', 60, 30))).rejects.toEqual(failure('no_text_layer', /OCR/u));
  });
});

describe('PDF as long work', () => {
  const pages = Array.from({ length: 5 }, (_, index) => ({ content: lines([`Page ${index + 1}`, ...BODY], 700) }));

  it('reports every page and leaves the bytes as they were', async () => {
    const bytes = pdfOf({ pages });
    const before = bytes.slice();
    const progress: number[][] = [];
    await extractDocument(bytes, 'application/pdf', { onProgress: (done, total) => progress.push([done, total]) });
    expect(progress).toEqual([1, 2, 3, 4, 5].map((done) => [done, 5]));
    expect(bytes).toEqual(before);
  });

  it('stops between pages when it is aborted, with the reason', async () => {
    const reason = new Error('cancelled');
    const controller = new AbortController();
    let seen = 0;
    const extraction = extractDocument(pdfOf({ pages }), 'application/pdf', {
      signal: controller.signal,
      onProgress: (done) => {
        seen = done;
        if (done === 2) controller.abort(reason);
      },
    });
    await expect(extraction).rejects.toBe(reason);
    expect(seen).toBe(2);
  });
});
