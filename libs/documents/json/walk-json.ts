import { tooDeeplyNested, UnreadableDocumentError } from '../unreadable-document-error.js';

/** Programs write JSON a few dozen levels deep. */
const MAX_DEPTH = 1_000;
/** Paths are repeated in front of every value; the middle of a longer one says nothing any more. */
const MAX_PATH_LENGTH = 200;

const LITERAL = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;

export interface JsonLeaf {
  /** `orders[3].customer.name`; '' for a document that is one value. */
  readonly path: string;
  /** The first step of the path: values with the same one belong together. */
  readonly root: string;
  readonly kind: 'string' | 'literal';
  /** A string's content; of numbers and words, what stands in the source: no digit is lost. */
  readonly text: string;
}

interface Level {
  readonly closes: '}' | ']';
  readonly path: string;
  index: number;
}

/**
 * Calls `onLeaf` for every string, number and word in JSON, in order. Builds no tree and does not recurse: memory does
 * not grow with the number of values. Several documents one after the other (JSON Lines) are the items of a list.
 *
 * Thrown: UnreadableDocumentError `unreadable_document` with the line of the mistake, `too_deeply_nested`.
 */
export function walkJson(source: string, isLines: boolean, onLeaf: (leaf: JsonLeaf) => void): void {
  new JsonWalk(source, isLines, onLeaf).run();
}

class JsonWalk {
  readonly #source: string;
  readonly #isLines: boolean;
  readonly #onLeaf: (leaf: JsonLeaf) => void;
  readonly #levels: Level[] = [];
  #at = 0;
  #documents = 0;
  #root = '';

  constructor(source: string, isLines: boolean, onLeaf: (leaf: JsonLeaf) => void) {
    this.#source = source;
    this.#isLines = isLines;
    this.#onLeaf = onLeaf;
  }

  run(): void {
    this.#skipSpace();
    while (this.#at < this.#source.length) {
      if (this.#documents > 0 && !this.#isLines) throw this.#mistake();
      this.#document(this.#isLines ? `[${this.#documents}]` : '');
      this.#documents++;
      this.#skipSpace();
    }
    if (this.#documents === 0) throw this.#mistake();
  }

  #document(path: string): void {
    this.#root = path;
    this.#value(path);
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      this.#skipSpace();
      if (this.#take(level.closes)) {
        this.#levels.pop();
        continue;
      }
      if (level.index > 0 && !this.#take(',')) throw this.#mistake();
      this.#skipSpace();
      this.#member(level);
    }
  }

  #member(level: Level): void {
    const step = level.closes === '}' ? this.#key() : `[${level.index}]`;
    level.index++;
    const path = shorten(level.path === '' || step.startsWith('[') ? `${level.path}${step}` : `${level.path}.${step}`);
    if (this.#levels.length === 1 && !this.#isLines) this.#root = shorten(step);
    this.#value(path);
  }

  #key(): string {
    const key = this.#string();
    this.#skipSpace();
    if (!this.#take(':')) throw this.#mistake();
    this.#skipSpace();
    return shorten(key);
  }

  #value(path: string): void {
    const first = this.#source.charAt(this.#at);
    if (first === '{' || first === '[') {
      this.#at++;
      if (this.#levels.length >= MAX_DEPTH) throw tooDeeplyNested(MAX_DEPTH);
      this.#levels.push({ closes: first === '{' ? '}' : ']', path, index: 0 });
    } else if (first === '"') {
      this.#onLeaf({ path, root: this.#root, kind: 'string', text: this.#string() });
    } else {
      LITERAL.lastIndex = this.#at;
      const literal = LITERAL.exec(this.#source)?.[0];
      if (literal === undefined) throw this.#mistake();
      this.#at += literal.length;
      this.#onLeaf({ path, root: this.#root, kind: 'literal', text: literal });
    }
  }

  #string(): string {
    if (this.#source.charAt(this.#at) !== '"') throw this.#mistake();
    const start = this.#at;
    let end = this.#source.indexOf('"', start + 1);
    while (end !== -1 && isEscaped(this.#source, start, end)) end = this.#source.indexOf('"', end + 1);
    if (end === -1) throw this.#mistake();
    try {
      const value = JSON.parse(this.#source.slice(start, end + 1)) as string;
      this.#at = end + 1;
      return value;
    } catch {
      throw this.#mistake();
    }
  }

  #take(character: string): boolean {
    if (this.#source.charAt(this.#at) !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (' \t\n\r'.includes(this.#source.charAt(this.#at)) && this.#at < this.#source.length) this.#at++;
  }

  #mistake(): UnreadableDocumentError {
    const line = this.#source.slice(0, this.#at).split('\n').length;
    const what = this.#at >= this.#source.length ? 'it ends too early' : 'something else was expected there';
    return new UnreadableDocumentError(
      'unreadable_document',
      `The document is not valid JSON: line ${line}, ${what}. Correct it and upload it again.`,
    );
  }
}

/** Whether an odd number of backslashes stands in front of the quotation mark at `end`. */
function isEscaped(source: string, start: number, end: number): boolean {
  let backslashes = 0;
  while (end - 1 - backslashes > start && source.charAt(end - 1 - backslashes) === '\\') backslashes++;
  return backslashes % 2 === 1;
}

function shorten(path: string): string {
  if (path.length <= MAX_PATH_LENGTH) return path;
  const half = MAX_PATH_LENGTH / 2;
  return `${path.slice(0, half)}…${path.slice(-half)}`.toWellFormed();
}
