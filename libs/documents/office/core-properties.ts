import type { Archive } from '../archive/open-archive.js';
import { firstDate } from '../document-date.js';
import { readXml } from '../xml/read-xml.js';

export interface CoreProperties {
  readonly title: string | null;
  /** When the document was made, else when it was last changed: ISO 8601 in UTC. */
  readonly date: string | null;
}

/** What office programs put in by themselves, and no title. */
const NO_TITLE =
  /^(?:microsoft \w+ -|untitled|(?:word |powerpoint )?(?:document|presentation)\d*$|(?:book|workbook|slide) ?\d*$)/iu;
const MAX_LENGTH = 200;

/** The properties that every Open XML document may carry. Damaged ones are no error: the text is what counts. */
export async function readCoreProperties(archive: Archive): Promise<CoreProperties> {
  const bytes = await archive.read('docProps/core.xml');
  const values = new Map<string, string>();
  if (bytes === null) return { title: null, date: null };
  try {
    let open = '';
    readXml(bytes, {
      enter: ({ name }) => {
        open = name;
      },
      leave: () => {
        open = '';
      },
      text: (text) => {
        if (open !== '') values.set(open, (values.get(open) ?? '') + text);
      },
    });
  } catch {
    return { title: null, date: null };
  }
  const title = (values.get('title') ?? '').replace(/\s+/gu, ' ').trim();
  return {
    title: title === '' || title.length > MAX_LENGTH || NO_TITLE.test(title) ? null : title,
    date: firstDate(values.get('created'), values.get('modified')),
  };
}
