import { firstDate } from '../document-date.js';
import { resolveEntry } from '../office/relationships.js';
import { readXml } from '../xml/read-xml.js';

export interface PackageDocument {
  readonly title: string | null;
  readonly date: string | null;
  /** The entries of the book's pages of text, in reading order. */
  readonly spine: readonly string[];
}

/** What can stand in a spine and be read; pictures can too, and are not. */
const READABLE = new Set(['application/xhtml+xml', 'text/html', 'application/html']);

/** Reads the package document (OPF) of an EPUB that lies in `folder` (ending in "/", or empty). */
export function readPackageDocument(bytes: Uint8Array, folder: string): PackageDocument {
  const items = new Map<string, string>();
  const references: string[] = [];
  const metadata = new Map<string, string>();
  let field: string | null = null;
  let value = '';
  let inMetadata = false;
  readXml(bytes, {
    enter: ({ name, attribute }) => {
      if (name === 'metadata') inMetadata = true;
      else if (inMetadata) {
        field = name === 'meta' ? (attribute('property') ?? '') : name;
        value = '';
      } else if (name === 'item') {
        const href = attribute('href');
        const isNavigation = (attribute('properties') ?? '').split(/\s/u).includes('nav');
        if (href !== undefined && READABLE.has(attribute('media-type') ?? '') && !isNavigation)
          items.set(attribute('id') ?? '', resolveEntry(folder, decoded(href)));
      } else if (name === 'itemref' && attribute('linear') !== 'no') {
        references.push(attribute('idref') ?? '');
      }
    },
    leave: (name) => {
      if (name === 'metadata') inMetadata = false;
      if (field !== null && value.trim() !== '' && !metadata.has(field)) metadata.set(field, value.trim());
      field = null;
    },
    text: (text) => {
      if (field !== null) value += text;
    },
  });
  return {
    title: metadata.get('title')?.replace(/\s+/gu, ' ') ?? null,
    date: firstDate(metadata.get('date'), metadata.get('dcterms:modified')),
    // A page that the spine names twice is read once.
    spine: [...new Set(references)].flatMap((reference) => items.get(reference) ?? []),
  };
}

function decoded(href: string): string {
  const path = href.split('#', 1).join('');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
