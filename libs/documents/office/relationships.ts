import type { Archive } from '../archive/open-archive.js';
import { readXml } from '../xml/read-xml.js';

export interface Relationship {
  readonly id: string;
  /** The last part of its type: "slide", "notesSlide", "worksheet". */
  readonly type: string;
  /** The entry that it leads to; relationships to the world outside are left out. */
  readonly target: string;
}

/** The relationships of a part of an Open XML package; none where it has none. `part` is '' for the package itself. */
export async function readRelationships(archive: Archive, part: string): Promise<Relationship[]> {
  const folder = part.slice(0, part.lastIndexOf('/') + 1);
  const bytes = await archive.read(`${folder}_rels/${part.slice(folder.length)}.rels`);
  const found: Relationship[] = [];
  if (bytes === null) return found;
  readXml(bytes, {
    enter: (element) => {
      const target = element.attribute('Target');
      if (element.name !== 'Relationship' || target === undefined) return;
      if (element.attribute('TargetMode') === 'External') return;
      const type = element.attribute('Type') ?? '';
      found.push({
        id: element.attribute('Id') ?? '',
        type: type.slice(type.lastIndexOf('/') + 1),
        target: resolveEntry(folder, target),
      });
    },
  });
  return found;
}

/** The name of the entry that a reference from within `folder` (ending in "/", or empty) leads to. */
export function resolveEntry(folder: string, reference: string): string {
  const steps: string[] = [];
  const from = reference.startsWith('/') ? '' : folder;
  for (const step of `${from}${reference}`.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '' && step !== '.') steps.push(step);
  }
  return steps.join('/');
}
