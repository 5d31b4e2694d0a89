/** A heading longer than this is cut in paths: it is a mis-tagged paragraph, and paths are repeated on every chunk. */
const MAX_TITLE_LENGTH = 200;

/** Keeps the titles of the headings around the current place while a document is walked from front to back. */
export class HeadingPath {
  #open: { level: number; title: string }[] = [];
  #current: readonly string[] = [];

  /** Shared between blocks, so that a long section holds one array; nobody may change it. */
  get current(): readonly string[] {
    return this.#current;
  }

  /** Closes every heading of the same or a deeper level and returns the path that ends with this one. */
  enter(level: number, rawTitle: string): readonly string[] {
    const title = shorten(rawTitle.replace(/\s+/gu, ' ').trim());
    this.#open = this.#open.filter((heading) => heading.level < level);
    if (title !== '') this.#open.push({ level, title });
    this.#current = this.#open.map((heading) => heading.title);
    return this.#current;
  }
}

function shorten(title: string): string {
  if (title.length <= MAX_TITLE_LENGTH) return title;
  const lastSpace = title.lastIndexOf(' ', MAX_TITLE_LENGTH);
  return `${title.slice(0, lastSpace > 0 ? lastSpace : MAX_TITLE_LENGTH).replace(/[\uD800-\uDBFF]$/u, '')}…`;
}
