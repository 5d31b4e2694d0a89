import type { PdfPage, PdfTextContent } from './open-pdf.js';

/** What is known of the fonts of a document. The text layer itself names neither weight nor real name. */
export class FontTraits {
  readonly #bold = new Set<string>();
  readonly #mono = new Set<string>();
  readonly #known = new Set<string>();

  isBold(font: string): boolean {
    return this.#bold.has(font);
  }

  isMono(font: string): boolean {
    return this.#mono.has(font);
  }

  /**
   * Learns the fonts of a page. Their names only come with the page's drawing operators, which cost as much as the text
   * itself, so they are asked for only where a font is met for the first time.
   */
  async learn(page: PdfPage, content: PdfTextContent): Promise<void> {
    const unknown = Object.keys(content.styles).filter((font) => !this.#known.has(font));
    if (unknown.length === 0) return;
    await page.getOperatorList();
    for (const font of unknown) {
      this.#known.add(font);
      const name = page.commonObjs.has(font) ? nameOf(page.commonObjs.get(font)) : '';
      if (/bold|black|heavy|semibd|demi(?!r)/iu.test(name)) this.#bold.add(font);
      const isMono = /mono|courier|consol|menlo|typewriter|inconsolata|fixed/iu.test(name);
      if (isMono || content.styles[font]?.fontFamily === 'monospace') this.#mono.add(font);
    }
  }
}

function nameOf(font: unknown): string {
  return typeof font === 'object' && font !== null && 'name' in font && typeof font.name === 'string' ? font.name : '';
}
