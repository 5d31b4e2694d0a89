import type { AcceptedMediaType } from '#libs/contracts/index.js';
import { readXml } from '../xml/read-xml.js';
import type { Archive } from './open-archive.js';

/** The content type of a package's main part, with and without macros, document or template. */
const MAIN_PARTS: readonly (readonly [RegExp, AcceptedMediaType])[] = [
  [
    /^application\/vnd\.(?:openxmlformats-officedocument\.wordprocessingml|ms-word)\.[\w.]+main\+xml$/iu,
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  ],
  [
    /^application\/vnd\.(?:openxmlformats-officedocument\.presentationml|ms-powerpoint)\.[\w.]+main\+xml$/iu,
    'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  ],
  [
    /^application\/vnd\.(?:openxmlformats-officedocument\.spreadsheetml|ms-excel)\.[\w.]+main\+xml$/iu,
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ],
];

/** What an archive is by what stands in it: an accepted type, or null for an archive of something else. */
export async function archiveKind(archive: Archive): Promise<AcceptedMediaType | null> {
  if (archive.has('META-INF/container.xml')) return 'application/epub+zip';
  const types = await archive.read('[Content_Types].xml');
  if (types === null) return null;
  const found: AcceptedMediaType[] = [];
  readXml(types, {
    enter: (element) => {
      const contentType = element.attribute('ContentType') ?? '';
      const kind = MAIN_PARTS.find(([pattern]) => pattern.test(contentType))?.[1];
      if (kind !== undefined) found.push(kind);
    },
  });
  return found[0] ?? null;
}
