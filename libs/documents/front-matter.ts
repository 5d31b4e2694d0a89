import { parse } from 'yaml';

/** Front matter is small; anything larger is not metadata, and YAML is slow to read. */
const MAX_FRONT_MATTER = 64 * 1024;

/** The `title` of a YAML front-matter block, or null. Unreadable YAML is no error: the document's text is what counts. */
export function frontMatterTitle(yaml: string): string | null {
  if (yaml.length > MAX_FRONT_MATTER) return null;
  try {
    const value: unknown = parse(yaml, { maxAliasCount: 10, logLevel: 'silent' });
    if (typeof value !== 'object' || value === null || !('title' in value)) return null;
    return typeof value.title === 'string' && value.title.trim() !== '' ? value.title.trim() : null;
  } catch {
    return null;
  }
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
