import type { BlockKind } from '../extracted-document.js';
import { readXml } from '../xml/read-xml.js';

export interface SlideBlock {
  readonly kind: BlockKind;
  readonly text: string;
}

export interface Slide {
  readonly title: string | null;
  readonly blocks: readonly SlideBlock[];
}

/** Placeholders that repeat on every slide, and the picture of the slide on its notes page. */
const SKIPPED = new Set(['dt', 'ftr', 'sldNum', 'hdr', 'sldImg']);
const TITLES = new Set(['title', 'ctrTitle']);
/** Deeper levels are not indented further. */
const MAX_INDENT = 8;

interface Line {
  readonly text: string;
  readonly level: number;
}

interface Shape {
  /** The type of the placeholder; null for a shape that is none. */
  placeholder: string | null;
  readonly lines: Line[];
}

/** Reads the text of a slide or a notes page: its title, then its shapes and tables in their order in the file. */
export function readSlide(bytes: Uint8Array): Slide {
  const reader = new SlideReader();
  readXml(bytes, {
    enter: ({ name, attribute }) => {
      reader.enter(name, attribute);
    },
    leave: (name) => {
      reader.leave(name);
    },
    text: (text) => {
      reader.text(text);
    },
  });
  return { title: reader.title, blocks: reader.blocks };
}

class SlideReader {
  title: string | null = null;
  readonly blocks: SlideBlock[] = [];
  #shape: Shape = { placeholder: null, lines: [] };
  #row: string[] | null = null;
  #rows: string[] = [];
  #cell: string[] = [];
  #line = '';
  #level = 0;
  #isText = false;
  /** What stands in a fallback repeats, for older programs, what stands beside it. */
  #fallbacks = 0;

  enter(name: string, attribute: (name: string) => string | undefined): void {
    if (name === 'Fallback') this.#fallbacks++;
    else if (name === 'sp') this.#shape = { placeholder: null, lines: [] };
    else if (name === 'ph') this.#shape.placeholder = attribute('type') ?? 'body';
    else if (name === 'pPr')
      this.#level = Math.min(MAX_INDENT, Math.max(0, Math.trunc(Number(attribute('lvl') ?? 0)) || 0));
    else if (name === 't') this.#isText = true;
    else if (name === 'br') this.#line += ' ';
    else if (name === 'tr') this.#row = [];
    else if (name === 'tc') this.#cell = [];
  }

  leave(name: string): void {
    if (name === 'Fallback') this.#fallbacks--;
    else if (name === 't') this.#isText = false;
    else if (name === 'p') this.#endLine();
    else if (name === 'tc') this.#row?.push(this.#cell.join(' '));
    else if (name === 'tr') this.#endRow();
    else if (name === 'tbl') this.#endTable();
    else if (name === 'sp') this.#endShape();
  }

  text(text: string): void {
    if (this.#isText && this.#fallbacks === 0) this.#line += text;
  }

  #endLine(): void {
    const text = this.#line.replace(/\s+/gu, ' ').trim();
    if (text !== '' && this.#row !== null) this.#cell.push(text);
    else if (text !== '') this.#shape.lines.push({ text, level: this.#level });
    this.#line = '';
    this.#level = 0;
  }

  #endRow(): void {
    if (this.#row?.some((cell) => cell !== '') === true) this.#rows.push(this.#row.join(' | '));
    this.#row = null;
  }

  #endTable(): void {
    if (this.#rows.length > 0) this.blocks.push({ kind: 'table', text: this.#rows.join('\n') });
    this.#rows = [];
  }

  #endShape(): void {
    const { placeholder, lines } = this.#shape;
    this.#shape = { placeholder: null, lines: [] };
    if (lines.length === 0 || SKIPPED.has(placeholder ?? '')) return;
    if (TITLES.has(placeholder ?? '') && this.title === null) {
      this.title = lines.map(({ text }) => text).join(' ');
    } else if (lines.length > 1 && placeholder !== null) {
      const items = lines.map(({ text, level }) => `${'  '.repeat(level)}- ${text}`);
      this.blocks.push({ kind: 'list', text: items.join('\n') });
    } else {
      this.blocks.push({ kind: 'paragraph', text: lines.map(({ text }) => text).join('\n') });
    }
  }
}
