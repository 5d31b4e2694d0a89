import { setImmediate } from 'node:timers/promises';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { frontmatter } from 'micromark-extension-frontmatter';
import { gfm } from 'micromark-extension-gfm';
import { boundNesting } from './bound-nesting.js';
import { decodeText } from './decode-text.js';
import type { Block, BlockKind, ExtractedDocument, ExtractOptions } from './extracted-document.js';
import { embeddedFrontMatterTitle, readFrontMatter } from './front-matter.js';
import { HeadingPath } from './heading-path.js';
import { markdownSegments } from './markdown-segments.js';
import { emptyDocument } from './unreadable-document-error.js';

type MarkdownNode = ReturnType<typeof fromMarkdown>['children'][number];

/**
 * Markup inside of paragraphs says nothing about blocks, and reading it takes time that grows with the square of the
 * number of marks: 60 KB of asterisks would take minutes. Only headings are read for it, one at a time.
 */
const INLINE_CONSTRUCTS = [
  'attention',
  'autolink',
  'characterEscape',
  'characterReference',
  'codeText',
  'emailAutolink',
  'gfmFootnoteCall',
  'gfmPotentialFootnoteCall',
  'hardBreakEscape',
  'htmlText',
  'labelEnd',
  'labelStartImage',
  'labelStartLink',
  'protocolAutolink',
  'strikethrough',
  'wwwAutolink',
];
/** A line this long holds data or prose and no markup of blocks; parsing 30 MB of such lines would take half a minute. */
const LONG_LINE = 152 * 1024;
/** A longer heading is cut in every path anyway. */
const MAX_HEADING_LENGTH = 500;

/** Nodes at the top of the tree and what they become; the others (rules, link definitions, comments) carry no text. */
const KINDS: Partial<Record<MarkdownNode['type'], BlockKind>> = {
  heading: 'heading',
  paragraph: 'paragraph',
  footnoteDefinition: 'paragraph',
  html: 'paragraph',
  list: 'list',
  table: 'table',
  code: 'code',
  blockquote: 'quote',
};

/**
 * Markdown (CommonMark + GFM + front matter). The text is the source, so that spans are exact and quoting a passage
 * quotes what the author wrote. Front matter is in no block. The title is that of the front matter, else the first
 * heading of level 1; a file that strings several documents with front matter together has none of its own, and their
 * titles become headings of level 1.
 */
export async function extractMarkdown(bytes: Uint8Array, options: ExtractOptions = {}): Promise<ExtractedDocument> {
  const text = decodeText(bytes, options.charset);
  const nodes = await parseBlocks(text, options.signal);
  const headings = new HeadingPath();
  const blocks: Block[] = [];
  const embeddedTitles = embeddedFrontMatter(nodes.map(({ node }) => node));
  let title: string | null = null;
  let date: string | null = null;
  let firstHeading: string | null = null;

  for (const { node, span } of nodes) {
    if (node.type === 'yaml') {
      ({ title, date } = readFrontMatter(node.value));
      // One of several documents in the file: its title stands over its part like those that follow.
      if (embeddedTitles.size > 0 && title !== null) headings.enter(1, title);
      continue;
    }
    const kind = KINDS[node.type];
    if (kind === undefined || (node.type === 'html' && !hasVisibleText(node.value))) continue;
    if (node.type !== 'heading') {
      blocks.push({ ...trimmed(text, span), kind, headingPath: headings.current });
      continue;
    }
    const embedded = embeddedTitles.get(node);
    const heading = embedded ?? headingText(node);
    const level = embedded === undefined ? node.depth : 1;
    if (embedded === undefined && level === 1) firstHeading ??= heading;
    const own = embedded === undefined ? span : spanOfValue(text, span, embedded);
    blocks.push({ ...trimmed(text, own), kind, headingPath: headings.enter(level, heading), level });
  }
  const visible = blocks.filter((block) => block.end > block.start);
  if (visible.length === 0) throw emptyDocument();
  const isOne = embeddedTitles.size === 0;
  return {
    text,
    title: isOne ? (title ?? firstHeading) : null,
    date: isOne ? date : null,
    blocks: visible,
    pages: null,
  };
}

interface PlacedNode {
  readonly node: MarkdownNode;
  readonly span: { readonly start: number; readonly end: number };
}

/** The nodes at the top of the tree, with a turn of the event loop after each segment. */
async function parseBlocks(text: string, signal: AbortSignal | undefined): Promise<PlacedNode[]> {
  const nodes: PlacedNode[] = [];
  const disabled = { disable: { null: INLINE_CONSTRUCTS } };
  for (const { start, end } of markdownSegments(text)) {
    const source = text.slice(start, end);
    if (source.length > LONG_LINE && !source.trimEnd().includes('\n')) {
      nodes.push({ node: { type: 'paragraph', children: [] }, span: { start, end } });
      continue;
    }
    const { children } = fromMarkdown(boundNesting(source), {
      // Front matter is only that at the very beginning.
      extensions: start === 0 ? [gfm(), frontmatter(['yaml']), disabled] : [gfm(), disabled],
      mdastExtensions: [gfmFromMarkdown(), frontmatterFromMarkdown(['yaml'])],
    });
    for (const node of children) {
      const from = node.position?.start.offset;
      const to = node.position?.end.offset;
      if (from !== undefined && to !== undefined) nodes.push({ node, span: { start: start + from, end: start + to } });
    }
    if (end < text.length) await setImmediate();
    signal?.throwIfAborted();
  }
  return nodes;
}

/** Headings that are in truth the front matter of a further document in the same file, with that document's title. */
function embeddedFrontMatter(nodes: readonly MarkdownNode[]): Map<MarkdownNode, string> {
  const found = new Map<MarkdownNode, string>();
  nodes.forEach((node, index) => {
    if (node.type !== 'heading' || nodes[index - 1]?.type !== 'thematicBreak') return;
    const title = embeddedFrontMatterTitle(plainText(node));
    if (title !== null) found.set(node, title);
  });
  return found;
}

function spanOfValue(text: string, span: { start: number; end: number }, value: string): typeof span {
  const at = text.slice(span.start, span.end).indexOf(value);
  return at === -1 ? span : { start: span.start + at, end: span.start + at + value.length };
}

function trimmed(text: string, span: { start: number; end: number }): { start: number; end: number } {
  const raw = text.slice(span.start, span.end);
  return { start: span.start + raw.length - raw.trimStart().length, end: span.start + raw.trimEnd().length };
}

/** The text in a node. Iterative: nesting is as deep as the author likes. */
function plainText(heading: MarkdownNode): string {
  const parts: string[] = [];
  const pending: object[] = [heading];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if ('children' in node && Array.isArray(node.children)) pending.push(...(node.children as object[]).toReversed());
    else if ('type' in node && node.type === 'break') parts.push('\n');
    else if ('type' in node && node.type === 'html') continue;
    else if ('value' in node && typeof node.value === 'string') parts.push(node.value);
    else if ('alt' in node && typeof node.alt === 'string') parts.push(node.alt);
  }
  return parts.join('').trim();
}

/** The words of a heading without its markup. */
function headingText(heading: MarkdownNode): string {
  const source = plainText(heading).replace(/\s+/gu, ' ').slice(0, MAX_HEADING_LENGTH);
  const [parsed] = fromMarkdown(`# ${source}`, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }).children;
  return parsed === undefined ? source : plainText(parsed);
}

/** Every alternative ends where the text does at the latest: none is tried again from each of its characters. */
function hasVisibleText(html: string): boolean {
  const withoutMarkup = html.replace(
    /<!--[\s\S]*?(?:-->|$)|<(script|style)\b[\s\S]*?(?:<\/\1>|$)|<[a-z/!?][^>]*(?:>|$)/giu,
    '',
  );
  return /[\p{L}\p{N}]/u.test(withoutMarkup);
}
