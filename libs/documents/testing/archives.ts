import { storeZip } from '../archive/store-zip.js';

const RELATIONSHIPS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const MAIN = 'application/vnd.openxmlformats-officedocument';

export const DOCX = `${MAIN}.wordprocessingml.document`;
export const PPTX = `${MAIN}.presentationml.presentation`;
export const XLSX = `${MAIN}.spreadsheetml.sheet`;
export const EPUB = 'application/epub+zip';

/** A zip archive of texts, stored. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  return storeZip(new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text, 'utf8')])));
}

/** The relationships part for `id -> [type, target]`. */
export function relationshipsOf(targets: Readonly<Record<string, readonly [string, string]>>): string {
  const each = Object.entries(targets).map(
    ([id, [type, target]]) => `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`,
  );
  return `<Relationships xmlns="${RELATIONSHIPS}">${each.join('')}</Relationships>`;
}

/** What every Open XML package begins with; `main` is the content type of its main part. */
export function packageOf(main: string, part: string, files: Readonly<Record<string, string>>): Buffer {
  return zipOf({
    '[Content_Types].xml':
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">' +
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
      `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/${part}" ContentType="${main}.main+xml"/></Types>`,
    '_rels/.rels': relationshipsOf({ rId1: ['officeDocument', part] }),
    ...files,
  });
}

export function coreProperties(title: string, created: string): string {
  return (
    '<cp:coreProperties xmlns:cp="c" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="t">' +
    `<dc:title>${title}</dc:title><dcterms:created>${created}</dcterms:created></cp:coreProperties>`
  );
}

export function docxOf(body: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return packageOf(DOCX, 'word/document.xml', {
    'word/document.xml': `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
    ...more,
  });
}

export function xlsxOf(sheets: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}): Buffer {
  const names = Object.keys(sheets);
  const targets: Record<string, readonly [string, string]> = {
    strings: ['sharedStrings', 'sharedStrings.xml'],
    styles: ['styles', 'styles.xml'],
  };
  names.forEach((_, index) => (targets[`rId${index}`] = ['worksheet', `worksheets/${index}.xml`]));
  return packageOf(XLSX, 'xl/workbook.xml', {
    'xl/workbook.xml': `<workbook xmlns:r="${OFFICE}"><sheets>${names
      .map((name, index) => `<sheet name="${name}" sheetId="${index + 1}" r:id="rId${index}"/>`)
      .join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relationshipsOf(targets),
    ...Object.fromEntries(
      names.map((name, index) => [
        `xl/worksheets/${index}.xml`,
        `<worksheet><sheetData>${sheets[name] ?? ''}</sheetData></worksheet>`,
      ]),
    ),
    ...more,
  });
}

/** A presentation; each slide is the XML of its shapes. They stand in the file in the opposite order. */
export function pptxOf(slides: readonly string[], more: Readonly<Record<string, string>> = {}): Buffer {
  const part = (index: number): string => `slides/slide${slides.length - index}.xml`;
  const targets: Record<string, readonly [string, string]> = {};
  slides.forEach((_, index) => (targets[`rId${index}`] = ['slide', part(index)]));
  return packageOf(PPTX, 'ppt/presentation.xml', {
    'ppt/presentation.xml': `<p:presentation xmlns:p="p" xmlns:r="${OFFICE}"><p:sldIdLst>${slides
      .map((_, index) => `<p:sldId id="${256 + index}" r:id="rId${index}"/>`)
      .join('')}</p:sldIdLst></p:presentation>`,
    'ppt/_rels/presentation.xml.rels': relationshipsOf(targets),
    ...Object.fromEntries(slides.map((slide, index) => [`ppt/${part(index)}`, `<p:sld>${slide}</p:sld>`])),
    ...more,
  });
}

/** A placeholder or, without `type`, a text box; each line a paragraph. */
export function shape(type: string | null, ...paragraphs: readonly string[]): string {
  const placeholder = type === null ? '' : `<p:nvSpPr><p:nvPr><p:ph type="${type}"/></p:nvPr></p:nvSpPr>`;
  const text = paragraphs.map((paragraph) => `<a:p><a:r><a:t>${paragraph}</a:t></a:r></a:p>`).join('');
  return `<p:sp>${placeholder}<p:txBody>${text}</p:txBody></p:sp>`;
}

export function epubOf(pages: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}): Buffer {
  const names = Object.keys(pages);
  const items = [...names]
    .reverse()
    .map((name) => `<item id="${name}" href="${name}.xhtml" media-type="application/xhtml+xml"/>`);
  return zipOf({
    mimetype: EPUB,
    'META-INF/container.xml': '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
    'OEBPS/book.opf':
      '<package xmlns:dc="d"><metadata><dc:title>The Book</dc:title><dc:date>2019-03-04</dc:date></metadata>' +
      `<manifest>${items.join('')}</manifest><spine>${names.map((name) => `<itemref idref="${name}"/>`).join('')}</spine></package>`,
    ...Object.fromEntries(names.map((name) => [`OEBPS/${name}.xhtml`, pages[name] ?? ''])),
    ...more,
  });
}
