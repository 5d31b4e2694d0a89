import { defaultTreeAdapter, parse, type DefaultTreeAdapterTypes } from 'parse5';
import { byteOrderMark, decodeText } from './decode-text.js';
import { DocumentBuilder, type ExtractedDocument } from './extracted-document.js';
import { HtmlBlocks } from './html-blocks.js';
import { emptyDocument } from './unreadable-document-error.js';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** Elements without text of the document: code, controls, and navigation, which repeats every heading of a site. */
const SKIPPED = new Set(
  'script style noscript template svg math iframe object embed audio video canvas nav select datalist textarea'.split(
    ' ',
  ),
);

/**
 * HTML: visible text in document order; headings, lists, tables (a row a line, cells parted by " | "), code and
 * quotations become blocks. The title is `<title>`, else the first `<h1>`. The walk keeps its own stack, because
 * nothing bounds how deep a page is nested.
 *
 * Thrown: UnreadableDocumentError `invalid_encoding` or `empty_document`.
 */
export function extractHtml(bytes: Uint8Array): ExtractedDocument {
  const root = parse(decodeText(bytes, declaredCharset(bytes)));
  const builder = new DocumentBuilder();
  const blocks = new HtmlBlocks(builder);
  let title = '';
  const layoutTables = findLayoutTables(root);
  const tagOf = (element: Element): string => (layoutTables.has(element) ? 'div' : element.tagName);
  const pending: { node: Node; leaving: boolean }[] = [{ node: root, leaving: false }];
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    const { node } = step;
    if (defaultTreeAdapter.isTextNode(node)) {
      blocks.text(node.value);
      continue;
    }
    if (!('childNodes' in node)) continue;
    if (!defaultTreeAdapter.isElementNode(node)) {
      pushChildren(pending, node.childNodes);
    } else if (step.leaving) {
      blocks.leave(tagOf(node));
    } else if (node.tagName === 'title') {
      title ||= node.childNodes.map((child) => ('value' in child ? child.value : '')).join('');
    } else if (!isHidden(node)) {
      blocks.enter(tagOf(node), node.attrs);
      pending.push({ node, leaving: true });
      pushChildren(pending, node.childNodes);
    }
  }
  blocks.finish();
  if (builder.blocks.length === 0) throw emptyDocument();
  const text = builder.text;
  const h1 = builder.blocks.find((block) => block.level === 1);
  const named = title.replace(/\s+/gu, ' ').trim();
  return {
    text,
    title: named !== '' ? named : h1 === undefined ? null : text.slice(h1.start, h1.end),
    blocks: builder.blocks,
    pages: null,
  };
}

function pushChildren(pending: { node: Node; leaving: boolean }[], children: readonly Node[]): void {
  for (let index = children.length - 1; index >= 0; index--) {
    const node = children[index];
    if (node !== undefined) pending.push({ node, leaving: false });
  }
}

/** Tables that hold other tables or headings lay out the page; read row by row they would swallow its structure. */
function findLayoutTables(root: Node): Set<Element> {
  const found = new Set<Element>();
  const pending: { node: Node; table: Element | null }[] = [{ node: root, table: null }];
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    const { node, table } = step;
    if (!('childNodes' in node)) continue;
    let inside = table;
    if (defaultTreeAdapter.isElementNode(node)) {
      const isTable = node.tagName === 'table';
      if (table !== null && (isTable || /^h[1-6]$/u.test(node.tagName))) found.add(table);
      if (isTable) inside = node;
    }
    for (const child of node.childNodes) pending.push({ node: child, table: inside });
  }
  return found;
}

function isHidden(element: Element): boolean {
  return (
    SKIPPED.has(element.tagName) ||
    element.attrs.some(({ name, value }) => name === 'hidden' || (name === 'role' && value === 'navigation'))
  );
}

/** The charset that the page declares in its first kilobyte, as the HTML standard has it; UTF-8 without one. */
function declaredCharset(bytes: Uint8Array): string {
  if (byteOrderMark(bytes) !== null) return 'utf-8';
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 1024));
  const charset = /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/iu.exec(head)?.[1] ?? 'utf-8';
  try {
    const { encoding } = new TextDecoder(charset);
    // A page that could be read up to its meta tag byte by byte is not UTF-16, whatever it says.
    return encoding.startsWith('utf-16') ? 'utf-8' : encoding;
  } catch {
    return 'utf-8';
  }
}
