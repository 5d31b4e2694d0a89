import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { chunkDocument } from '../chunk.js';
import { extractDocument } from '../extract.js';
import {
  coreProperties,
  DOCX,
  docxOf,
  PPTX,
  pptxOf,
  relationshipsOf,
  shape,
  XLSX,
  xlsxOf,
} from '../testing/archives.js';
import { outline } from '../testing/outline.js';

const failure = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, status: 422, message: expect.stringMatching(message) as unknown });
const paragraph = (text: string, style?: string): string =>
  `<w:p>${style === undefined ? '' : `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`}<w:r><w:t>${text}</w:t></w:r></w:p>`;

describe('DOCX', () => {
  it('gives headings, paragraphs and tables of a real document, with its title and date', async () => {
    const bytes = await readFile(join(process.cwd(), 'samples', 'fedramp-oscal-overview.docx'));
    const document = await extractDocument(bytes, DOCX);
    expect(document.title).toMatch(/^guide to oscal-based fedramp system security plans/iu);
    expect(document.date).toBe('2022-06-30T21:57:00.000Z');
    expect(outline(document)).toContainEqual([
      'heading',
      'Overview > Who Should Use This Document?',
      'Who Should Use This Document?',
    ]);
    expect(outline(document).find(([kind]) => kind === 'table')?.[2]).toMatch(
      /^Term \| XML Equivalent \| JSON Equivalent\nField \| A single element/u,
    );
    for (const chunk of chunkDocument(document))
      expect(document.text.slice(chunk.charStart, chunk.charEnd)).toBe(chunk.text);
  });

  it('leaves a table of contents out and takes the first heading for the title', async () => {
    const style = (id: string, name: string): string =>
      `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/></w:style>`;
    const styles = `<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">${style('H', 'heading 1')}${style('T', 'toc 1')}</w:styles>`;
    const document = await extractDocument(
      docxOf(paragraph('Scope 3', 'T') + paragraph('Scope', 'H') + paragraph('It applies.'), {
        'word/styles.xml': styles,
        'word/_rels/document.xml.rels': relationshipsOf({ rId1: ['styles', 'styles.xml'] }),
      }),
      DOCX,
    );
    expect(document).toMatchObject({ title: 'Scope', date: null });
    expect(outline(document)).toEqual([
      ['heading', 'Scope', 'Scope'],
      ['paragraph', 'Scope', 'It applies.'],
    ]);
  });

  it('refuses markup that nests without end, defines entities, or is broken', async () => {
    const deep = '<w:sdt>'.repeat(100_000);
    await expect(extractDocument(docxOf(deep), DOCX)).rejects.toEqual(failure('too_deeply_nested', /flatter/u));
    const entities = docxOf(paragraph('x'), { 'word/styles.xml': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' });
    await expect(extractDocument(entities, DOCX)).rejects.toEqual(failure('unreadable_document', /save it anew/u));
    await expect(extractDocument(docxOf('<w:p>'), DOCX)).rejects.toEqual(failure('unreadable_document', /anew/u));
  });

  it('says what to do about a password and about a file of an old Office', async () => {
    const compound = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(2000)]);
    const protectedFile = Buffer.concat([compound, Buffer.from('EncryptedPackage', 'utf16le')]);
    await expect(extractDocument(protectedFile, DOCX)).rejects.toEqual(
      failure('encrypted_document', /Remove the password/u),
    );
    await expect(extractDocument(compound, DOCX)).rejects.toEqual(failure('wrong_media_type', /before 2007/u));
  });
});

describe('PPTX', () => {
  it('gives the slides in their order as pages, with titles, lists, tables and notes', async () => {
    const table =
      '<a:tbl><a:tr><a:tc><a:p><a:r><a:t>a</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>b</a:t></a:r></a:p></a:tc></a:tr></a:tbl>';
    const document = await extractDocument(
      pptxOf(
        [
          shape('body', 'one', 'two') + shape('sldNum', '1') + shape('title', 'Plans'),
          '',
          shape(null, 'A box') + table,
        ],
        {
          'ppt/slides/_rels/slide3.xml.rels': relationshipsOf({ rId9: ['notesSlide', '../notes/n.xml'] }),
          'ppt/notes/n.xml': `<p:notes>${shape('sldImg', 'no')}${shape('body', 'Say hello')}</p:notes>`,
          'docProps/core.xml': coreProperties('PowerPoint Presentation', '2021-02-03T04:05:06Z'),
        },
      ),
      PPTX,
    );
    expect(document).toMatchObject({ title: 'Plans', date: '2021-02-03T04:05:06.000Z' });
    expect(outline(document)).toEqual([
      ['heading', 'Plans', 'Plans'],
      ['list', 'Plans', '- one\n- two'],
      ['paragraph', 'Plans', 'Notes: Say hello'],
      ['heading', 'Slide 3', 'Slide 3'],
      ['paragraph', 'Slide 3', 'A box'],
      ['table', 'Slide 3', 'a | b'],
    ]);
    const pages = document.pages ?? [];
    expect(pages.map(({ page }) => page)).toEqual([1, 2, 3]);
    expect(pages.map(({ start, end }) => document.text.slice(start, end).split('\n', 1)[0])).toEqual([
      'Plans',
      '',
      'Slide 3',
    ]);
  });
});

describe('XLSX', () => {
  it('gives a heading a sheet and a line a row that names its columns, with dates as dates', async () => {
    const document = await extractDocument(
      xlsxOf(
        {
          People:
            '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c><c r="C1" t="s"><v>0</v></c><c r="D1" t="s"><v>1</v></c></row>' +
            '<row r="900000000"><c r="A9" t="s"><v>2</v></c><c r="C9" s="1"><v>45322.5</v></c><c r="D9"><v>0.30000000000000004</v></c><c r="E9" t="e"><v>#N/A</v></c></row>',
          Empty: '<row/>',
        },
        {
          'xl/sharedStrings.xml':
            '<sst><si><t>Since</t><rPh><t>no</t></rPh></si><si><r><t>Sha</t></r><r><t>re</t></r></si><si><t>Ada</t></si></sst>',
          'xl/styles.xml':
            '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="[Red]yyyy\\-mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>',
        },
      ),
      XLSX,
    );
    expect(outline(document)).toEqual([
      ['heading', 'People', 'People'],
      ['table', 'People', 'Name | Since | Share\nName: Ada | Since: 2024-01-31 12:00 | Share: 0.3'],
    ]);
  });

  it('does not let few bytes become a text without end', async () => {
    const rows = '<row><c t="s"><v>0</v></c></row>'.repeat(4_000);
    const shared = { 'xl/sharedStrings.xml': `<sst><si><t>${'x'.repeat(32_000)}</t></si></sst>` };
    await expect(extractDocument(xlsxOf({ S: rows }, shared), XLSX)).rejects.toEqual(
      failure('document_too_large', /Split/u),
    );
    const far = '<row><c r="XFD1"><v>1</v></c></row>'.repeat(50_000);
    await expect(extractDocument(xlsxOf({ S: far }), XLSX)).resolves.toMatchObject({ pages: null });
  });

  it('refuses a file that is something else', async () => {
    await expect(extractDocument(docxOf(paragraph('x')), XLSX)).rejects.toEqual(
      failure('wrong_media_type', /not a XLSX/u),
    );
    await expect(extractDocument(Buffer.from('words'), XLSX)).rejects.toEqual(failure('wrong_media_type', /XLSX/u));
    await expect(extractDocument(xlsxOf({ S: '<row/>' }), XLSX)).rejects.toEqual(failure('empty_document', /empty/u));
  });
});
