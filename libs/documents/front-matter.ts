import { parse } from 'yaml';
import { firstDate } from './document-date.js';

/** Front matter is small; anything larger is not metadata, and YAML is slow to read. */
const MAX_FRONT_MATTER = 64 * 1024;

/** What dates a document, best first: when it was meant for, when it came out, when it was written, when changed. */
const DATES = (
  'date published published_at publish_date publishdate pubdate date_published datepublished issued ' +
  'created created_at date_created datecreated updated updated_at modified lastmod last_modified last_updated'
).split(' ');

export interface FrontMatter {
  readonly title: string | null;
  /** ISO 8601 in UTC. */
  readonly date: string | null;
}

/** Title and date in a YAML front-matter block. Unreadable YAML is no error: the document's text is what counts. */
export function readFrontMatter(yaml: string): FrontMatter {
  if (yaml.length > MAX_FRONT_MATTER) return { title: null, date: null };
  try {
    return describedBy(parse(yaml, { maxAliasCount: 10, logLevel: 'silent' }));
  } catch {
    return { title: null, date: null };
  }
}

/** Title and date among the members of a record: front matter, or the top of a JSON document. */
export function describedBy(record: unknown): FrontMatter {
  if (typeof record !== 'object' || record === null) return { title: null, date: null };
  const members = new Map(
    Object.entries(record).map(([key, value]): [string, unknown] => [key.toLowerCase().replaceAll('-', '_'), value]),
  );
  const title = members.get('title');
  return {
    title: typeof title === 'string' && title.trim() !== '' ? title.trim() : null,
    date: firstDate(...DATES.map((name) => members.get(name))),
  };
}

/**
 * Between two `---` lines inside a document, CommonMark sees a rule and then a heading; when every line of that heading
 * is `key: value` and one of them is a title, it is front matter all the same. Gives that title, or null.
 */
export function embeddedFrontMatterTitle(heading: string): string | null {
  const lines = heading.split('\n');
  if (!lines.every((line) => /^[\w-]+:(?:\s|$)/u.test(line))) return null;
  const title = lines.find((line) => /^title:\s/u.test(line));
  const value = title?.replace(/^title:\s+/u, '').trim();
  return value === undefined || value === '' ? null : value.replace(/^(["'])(.*)\1$/u, '$2');
}
