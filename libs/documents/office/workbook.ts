import type { Archive } from '../archive/open-archive.js';
import { UnreadableDocumentError } from '../unreadable-document-error.js';
import { readXml } from '../xml/read-xml.js';
import { isDateFormat } from './number-format.js';
import { readRelationships } from './relationships.js';

export interface WorkbookSheet {
  readonly name: string;
  /** The entry of the archive that holds it. */
  readonly part: string;
}

export interface Workbook {
  /** In the order of the tabs; hidden ones are left out, as nobody who opens the file sees them. */
  readonly sheets: readonly WorkbookSheet[];
  readonly sharedStrings: readonly string[];
  /** By the number of the cell style: whether its numbers are dates. */
  readonly dateStyles: readonly boolean[];
  /** Days are counted from 1904 instead of 1900. */
  readonly from1904: boolean;
}

/** Reads what the sheets of an XLSX share. Thrown: UnreadableDocumentError `unreadable_document`. */
export async function readWorkbook(archive: Archive): Promise<Workbook> {
  const main = (await readRelationships(archive, '')).find(({ type }) => type === 'officeDocument')?.target;
  const content = main === undefined ? null : await archive.read(main);
  if (main === undefined || content === null) {
    throw new UnreadableDocumentError(
      'unreadable_document',
      'The XLSX file is damaged: its list of sheets is missing. Open it in a spreadsheet program and save it anew.',
    );
  }
  const relationships = await readRelationships(archive, main);
  const partOf = (type: string): string | undefined => relationships.find((each) => each.type === type)?.target;
  const sheets: WorkbookSheet[] = [];
  let from1904 = false;
  readXml(content, {
    enter: ({ name, attributes, attribute }) => {
      if (name === 'workbookPr') from1904 = ['1', 'true'].includes(attribute('date1904') ?? '');
      if (name !== 'sheet' || (attribute('state') ?? 'visible') !== 'visible') return;
      const reference = attributes[Object.keys(attributes).find((key) => key.endsWith(':id')) ?? ''];
      const relationship = relationships.find(({ id, type }) => id === reference && type === 'worksheet');
      if (relationship !== undefined) sheets.push({ name: attribute('name') ?? '', part: relationship.target });
    },
  });
  return {
    sheets,
    from1904,
    sharedStrings: readSharedStrings(await archive.read(partOf('sharedStrings') ?? '')),
    dateStyles: readDateStyles(await archive.read(partOf('styles') ?? '')),
  };
}

function readSharedStrings(bytes: Uint8Array | null): string[] {
  const strings: string[] = [];
  if (bytes === null) return strings;
  let current = '';
  let isText = false;
  /** How a word is spoken, in East Asian scripts: not part of what is written. */
  let phonetic = 0;
  readXml(bytes, {
    enter: ({ name }) => {
      if (name === 'si') current = '';
      else if (name === 'rPh') phonetic++;
      else if (name === 't') isText = phonetic === 0;
    },
    leave: (name) => {
      if (name === 'si') strings.push(current);
      else if (name === 'rPh') phonetic--;
      else if (name === 't') isText = false;
    },
    text: (text) => {
      if (isText) current += text;
    },
  });
  return strings;
}

function readDateStyles(bytes: Uint8Array | null): boolean[] {
  const styles: boolean[] = [];
  if (bytes === null) return styles;
  const formats = new Map<number, string>();
  let inCellFormats = false;
  readXml(bytes, {
    enter: ({ name, attribute }) => {
      if (name === 'numFmt') formats.set(Number(attribute('numFmtId')), attribute('formatCode') ?? '');
      else if (name === 'cellXfs') inCellFormats = true;
      else if (name === 'xf' && inCellFormats) {
        const format = Number(attribute('numFmtId') ?? 0);
        styles.push(isDateFormat(format, formats.get(format)));
      }
    },
    leave: (name) => {
      if (name === 'cellXfs') inCellFormats = false;
    },
  });
  return styles;
}
