import { decodeText } from '../decode-text.js';
import { assertTextFits, DocumentBuilder, type ExtractedDocument, type ExtractOptions } from '../extracted-document.js';
import { describedBy } from '../front-matter.js';
import { emptyDocument, UnreadableDocumentError } from '../unreadable-document-error.js';
import { walkJson, type JsonLeaf } from './walk-json.js';

/** A string longer than this, or of several lines, is prose and stands by itself under its path. */
const PROSE_LENGTH = 300;
const MAX_GROUP_LENGTH = 1024 * 1024;

/**
 * JSON and JSON Lines: every value a line with the path to it, `orders[3].customer.name: Ada`; members of the document
 * (items of its list, lines of the file) are blocks. Long strings are paragraphs. Title and date are members of those
 * names at the top.
 *
 * Thrown: UnreadableDocumentError `unreadable_document`, `too_deeply_nested`, `document_too_large`, `empty_document`,
 * `invalid_encoding`.
 */
export function extractJson(bytes: Uint8Array, isLines: boolean, options: ExtractOptions): ExtractedDocument {
  const source = decodeText(bytes, options.charset);
  try {
    return readJson(source, isLines);
  } catch (error) {
    // Many files of JSON Lines are called .json.
    if (isLines || !(error instanceof UnreadableDocumentError) || error.code !== 'unreadable_document') throw error;
    return linesOr(source, error);
  }
}

function linesOr(source: string, error: UnreadableDocumentError): ExtractedDocument {
  try {
    return readJson(source, true);
  } catch {
    throw error;
  }
}

function readJson(source: string, isLines: boolean): ExtractedDocument {
  const text = new JsonText();
  walkJson(source, isLines, (leaf) => {
    text.add(leaf);
  });
  return text.end();
}

class JsonText {
  readonly #builder = new DocumentBuilder();
  readonly #top = new Map<string, string>();
  #group: string[] = [];
  #length = 0;
  #root: string | null = null;

  add({ path, root, kind, text }: JsonLeaf): void {
    if (kind === 'string' && path === root && !path.includes('[')) this.#top.set(path, text.slice(0, 1000));
    if (text.trim() === '' || text === 'null') return;
    if (root !== this.#root || this.#length > MAX_GROUP_LENGTH) this.#flush();
    this.#root = root;
    const isProse = text.length > PROSE_LENGTH || text.includes('\n');
    if (isProse) {
      this.#flush();
      this.#builder.append('paragraph', path === '' ? text : `${path}:\n${text}`);
      return;
    }
    const line = path === '' ? text : `${path}: ${text}`;
    this.#group.push(line);
    this.#length += line.length + 1;
    assertTextFits(this.#builder.length + this.#length);
  }

  end(): ExtractedDocument {
    this.#flush();
    if (this.#builder.blocks.length === 0) throw emptyDocument();
    const { title, date } = describedBy(Object.fromEntries(this.#top));
    return { text: this.#builder.text, title, date, blocks: this.#builder.blocks, pages: null };
  }

  #flush(): void {
    this.#builder.append('list', this.#group.join('\n'));
    this.#group = [];
    this.#length = 0;
  }
}
