import {
  defaultTreeAdapter,
  parse,
  type DefaultTreeAdapterMap,
  type DefaultTreeAdapterTypes,
  type TreeAdapter,
} from 'parse5';
import { firstDate } from './document-date.js';
import type { DocumentBuilder } from './extracted-document.js';
import { HtmlBlocks } from './html-blocks.js';
import { tooDeeplyNested } from './unreadable-document-error.js';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** Elements without text of the document: code, controls, and navigation, which repeats every heading of a site. */
const SKIPPED = new Set(
  'script style noscript template svg math iframe object embed audio video canvas nav select datalist textarea'.split(
    ' ',
  ),
);

/**
 * Browsers flatten what is nested deeper than 512 elements. Placing an element can take time that grows with the
 * number of those around it, and a file of 30 MB made for that would take hours.
 */
const MAX_DEPTH = 1_000;

/** Names of `<meta>` that date a page, best first. */
const DATES = [
  'article:published_time',
  'datepublished',
  'dc.date.issued',
  'dcterms.issued',
  'dc.date',
  'dcterms.date',
  'dc.date.created',
  'dcterms.created',
  'date',
  'pubdate',
  'publish-date',
  'article:modified_time',
  'dcterms.modified',
  'last-modified',
];

/** What a page says about itself in its head. */
export interface HtmlHead {
  /** Its `<title>`, or null. */
  readonly title: string | null;
  /** ISO 8601 in UTC. */
  readonly date: string | null;
}

/**
 * Appends the visible text of a page in document order; headings, lists, tables (a row a line, cells parted by " | "),
 * code and quotations become blocks. The walk keeps its own stack.
 *
 * Thrown: UnreadableDocumentError `too_deeply_nested`, `document_too_large`.
 */
export function appendHtml(builder: DocumentBuilder, source: string): HtmlHead {
  const root = parse(source, { treeAdapter: boundedAdapter() });
  const blocks = new HtmlBlocks(builder);
  const meta = new Map<string, string>();
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
    } else if (node.tagName === 'meta') {
      noteMeta(meta, node);
    } else if (!isHidden(node)) {
      blocks.enter(tagOf(node), node.attrs);
      pending.push({ node, leaving: true });
      pushChildren(pending, node.childNodes);
    }
  }
  blocks.finish();
  const named = title.replace(/\s+/gu, ' ').trim();
  return { title: named === '' ? null : named, date: firstDate(...DATES.map((name) => meta.get(name))) };
}

/** The adapter that makes parse5's own tree, and gives up when it grows too deep. */
function boundedAdapter(): TreeAdapter<DefaultTreeAdapterMap> {
  let depth = 0;
  return {
    ...defaultTreeAdapter,
    onItemPush: () => {
      depth++;
      if (depth > MAX_DEPTH) throw tooDeeplyNested(MAX_DEPTH);
    },
    onItemPop: () => {
      depth--;
    },
  };
}

function noteMeta(meta: Map<string, string>, { attrs }: Element): void {
  const valueOf = (...names: string[]): string | undefined => attrs.find(({ name }) => names.includes(name))?.value;
  const name = valueOf('name', 'property', 'itemprop', 'http-equiv')?.toLowerCase();
  const content = valueOf('content');
  if (name !== undefined && content !== undefined && !meta.has(name)) meta.set(name, content);
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
