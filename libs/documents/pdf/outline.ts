import type { PdfDocument } from './open-pdf.js';

interface OutlineItem {
  readonly title: string;
  readonly items: readonly OutlineItem[];
}

/** The titles of a document's outline (bookmarks), by their words. */
export class OutlineTitles {
  readonly #levels = new Map<string, number>();

  constructor(items: readonly OutlineItem[]) {
    const walk = (siblings: readonly OutlineItem[], level: number): void => {
      for (const item of siblings) {
        const words = normalise(item.title);
        if (words !== '' && !this.#levels.has(words)) this.#levels.set(words, level);
        if (level < 6) walk(item.items, level + 1);
      }
    };
    walk(items, 1);
  }

  /** 1 to 6 when `text` is the title of an outline entry, else null. */
  levelOf(text: string): number | null {
    return this.#levels.get(normalise(text)) ?? null;
  }
}

/** An outline is an aid: one that cannot be read is treated as none. */
export async function readOutline(pdf: PdfDocument): Promise<OutlineTitles> {
  const items = await pdf.getOutline().catch(() => []);
  // The reader answers null for none, whatever its types say.
  return new OutlineTitles((items as OutlineItem[] | null) ?? []);
}

function normalise(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
