import type { BlockKind } from '../extracted-document.js';
import { paragraph, type Draft } from './draft.js';
import type { FontTraits } from './fonts.js';
import { linesOf, type Line } from './lines.js';
import type { PdfStructure } from './open-pdf.js';
import type { Run } from './runs.js';

type Element = PdfStructure;
type Child = Element['children'][number];

/** Structure types (ISO 32000-1, 14.8.4) that run along in the text around them. */
const INLINE = new Set(
  'Span Quote Code Link Reference Annot Em Strong Sub Lbl LBody BibEntry Ruby RB RT RP Warichu WT WP'.split(' '),
);
/** A table of contents repeats every heading of the document and would be found before the sections themselves. */
const SKIPPED = new Set(['TOC', 'TOCI', 'Artifact', 'Index']);

/**
 * The blocks of a page whose author tagged it (Word, LibreOffice, InDesign do): reading order, heading levels, lists
 * and tables are then declared, and need not be guessed. Gives null where less than nine tenths of the page's text are
 * reached from the tree, as in files that were edited after they were tagged.
 */
export function draftsFromTags(
  tree: Element,
  runs: readonly Run[],
  pageNumber: number,
  fonts: FontTraits,
): Draft[] | null {
  const reader = new TaggedPage(runs, pageNumber, fonts);
  const drafts = reader.blocks(tree);
  const all = lengthOf(runs);
  return all > 0 && lengthOf(reader.reached) < all * 0.9 ? null : drafts;
}

class TaggedPage {
  readonly reached: Run[] = [];
  readonly #runsById = new Map<string, Run[]>();
  readonly #page: number;
  readonly #fonts: FontTraits;

  constructor(runs: readonly Run[], page: number, fonts: FontTraits) {
    this.#page = page;
    this.#fonts = fonts;
    for (const run of runs) {
      if (run.contentId === null) continue;
      const sameContent = this.#runsById.get(run.contentId);
      if (sameContent === undefined) this.#runsById.set(run.contentId, [run]);
      else sameContent.push(run);
    }
  }

  /** The blocks of a container: its block children, and its own text between them as paragraphs. */
  blocks(container: Element): Draft[] {
    const drafts: Draft[] = [];
    let inline: Run[] = [];
    const endParagraph = (): void => {
      const lines = linesOf(inline, this.#page, this.#fonts);
      inline = [];
      if (lines.length > 0) drafts.push(paragraph(lines));
    };
    for (const child of container.children) {
      if (!isElement(child) || (INLINE.has(child.role) && !hasBlocks(child))) {
        inline.push(...this.#runs(child));
        continue;
      }
      endParagraph();
      drafts.push(...this.#block(child));
    }
    endParagraph();
    return drafts;
  }

  #block(element: Element): Draft[] {
    const { role } = element;
    if (SKIPPED.has(role)) {
      this.#runs(element);
      return [];
    }
    if (/^(?:H\d?|Title)$/u.test(role)) {
      const level = role === 'Title' ? 1 : Math.min(6, Number(role.slice(1) || '1'));
      return this.#whole('heading', element, level);
    }
    if (role === 'L') return this.#list(element);
    if (role === 'Table') return this.#table(element);
    if (role === 'BlockQuote') return this.#whole('quote', element);
    return this.blocks(element);
  }

  #whole(kind: BlockKind, element: Element, level?: number): Draft[] {
    const lines = linesOf(this.#runs(element), this.#page, this.#fonts);
    if (lines.length === 0) return [];
    return [{ kind, rows: [[lines]], ...(level === undefined ? {} : { level }) }];
  }

  #list(element: Element): Draft[] {
    const rows = this.#items(element).map((lines) => [lines]);
    return rows.length === 0 ? [] : [{ kind: 'list', rows }];
  }

  /** Every item a row, its nested items after it. */
  #items(element: Element): Line[][] {
    const items: Line[][] = [];
    let own: Run[] = [];
    const endItem = (): void => {
      const lines = linesOf(own, this.#page, this.#fonts);
      own = [];
      if (lines.length > 0) items.push(lines);
    };
    const walk = (node: Child): void => {
      if (!isElement(node)) own.push(...this.#runs(node));
      else if (node.role === 'L') {
        endItem();
        items.push(...this.#items(node));
      } else {
        node.children.forEach(walk);
        if (node.role === 'LI') endItem();
      }
    };
    element.children.forEach(walk);
    endItem();
    return items;
  }

  #table(element: Element): Draft[] {
    const rows = descendants(element, 'TR').map((row) => row.children.filter(isElement));
    const isFrame = rows.every((cells) => cells.filter((cell) => this.#hasText(cell)).length <= 1);
    // One cell a row is a frame around text (a box, a code sample), not a table.
    if (isFrame) return this.blocks({ role: 'Div', children: rows.flat() });
    const lines = rows.map((cells) => cells.map((cell) => linesOf(this.#runs(cell), this.#page, this.#fonts)));
    const filled = lines.filter((cells) => cells.some((cell) => cell.length > 0));
    return [{ kind: 'table', rows: withoutEmptyColumns(filled) }];
  }

  #hasText(node: Child): boolean {
    if (isElement(node)) return node.children.some((child) => this.#hasText(child));
    return (this.#runsById.get(contentIdOf(node)) ?? []).some((run) => run.text.trim() !== '');
  }

  #runs(node: Child): Run[] {
    if (isElement(node)) return node.children.flatMap((child) => this.#runs(child));
    const runs = this.#runsById.get(contentIdOf(node)) ?? [];
    this.reached.push(...runs);
    return runs;
  }
}

/**
 * Rows that carry empty cells in front of the columns of the first row (left over from merged cells) lose them; so do
 * all rows the columns in front that none of them fills (a table that goes on from the page before).
 */
function withoutEmptyColumns(rows: readonly Line[][][]): Line[][][] {
  const width = rows[0]?.length ?? 0;
  const aligned = rows.map((cells) => cells.slice(Math.min(Math.max(0, cells.length - width), emptyInFront(cells))));
  const unused = Math.min(...aligned.map(emptyInFront));
  return aligned.map((cells) => cells.slice(unused));
}

function emptyInFront(cells: readonly Line[][]): number {
  return cells.findIndex((cell) => cell.length > 0);
}

function isElement(child: Child): child is Element {
  return 'role' in child;
}

function contentIdOf(child: Child): string {
  return 'id' in child ? child.id : '';
}

function hasBlocks(element: Element): boolean {
  return element.children.some((child) => isElement(child) && (!INLINE.has(child.role) || hasBlocks(child)));
}

function descendants(element: Element, role: string): Element[] {
  return element.children
    .filter(isElement)
    .flatMap((child) => (child.role === role ? [child] : descendants(child, role)));
}

function lengthOf(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.text.trim().length, 0);
}
