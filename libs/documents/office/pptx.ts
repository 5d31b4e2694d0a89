import type { Archive } from '../archive/open-archive.js';
import { DocumentBuilder, type ExtractedDocument, type ExtractOptions, type PageSpan } from '../extracted-document.js';
import { emptyDocument, UnreadableDocumentError } from '../unreadable-document-error.js';
import { readXml } from '../xml/read-xml.js';
import { readCoreProperties } from './core-properties.js';
import { readRelationships } from './relationships.js';
import { readSlide } from './slide.js';

/** A heading of this level separates chunks: a slide is about something of its own. */
const SLIDE_LEVEL = 2;

/**
 * PPTX: the slides in the order of the presentation, each a page; its title is a heading (a slide without one is headed
 * by its number), its notes follow it. Titles of the file: the one in the properties, else that of the first slide.
 *
 * Thrown: UnreadableDocumentError `unreadable_document`, `empty_document`, and those of the archive.
 */
export async function extractPptx(archive: Archive, options: ExtractOptions): Promise<ExtractedDocument> {
  const properties = await readCoreProperties(archive);
  const slides = await slidesInOrder(archive);
  const builder = new DocumentBuilder();
  const pages: PageSpan[] = [];
  let title: string | null = null;
  let hasText = false;
  for (const [index, name] of slides.entries()) {
    options.signal?.throwIfAborted();
    const content = await archive.read(name);
    const slide = content === null ? { title: null, blocks: [] } : readSlide(content);
    const notes = await notesOf(archive, name);
    let start: number | null = null;
    if (slide.title !== null || slide.blocks.length > 0 || notes !== null) {
      hasText = true;
      title ??= slide.title;
      start = builder.append('heading', slide.title ?? `Slide ${index + 1}`, SLIDE_LEVEL);
      for (const block of slide.blocks) builder.append(block.kind, block.text);
      if (notes !== null) builder.append('paragraph', `Notes: ${notes}`);
    }
    pages.push({ page: index + 1, start: start ?? builder.length, end: builder.length });
    options.onProgress?.(index + 1, slides.length);
  }
  if (!hasText) throw emptyDocument();
  return {
    text: builder.text,
    title: properties.title ?? title,
    date: properties.date,
    blocks: builder.blocks,
    pages,
  };
}

async function slidesInOrder(archive: Archive): Promise<string[]> {
  const main = (await readRelationships(archive, '')).find(({ type }) => type === 'officeDocument')?.target;
  const content = main === undefined ? null : await archive.read(main);
  if (main === undefined || content === null) {
    throw new UnreadableDocumentError(
      'unreadable_document',
      'The PPTX file is damaged: its list of slides is missing. Open it in a presentation program and save it anew.',
    );
  }
  const targets = new Map((await readRelationships(archive, main)).map(({ id, target }) => [id, target]));
  const slides: string[] = [];
  readXml(content, {
    enter: ({ name, attributes }) => {
      if (name !== 'sldId') return;
      // It has an `id` of its own too; the relationship's is the one with a prefix.
      const reference = Object.keys(attributes).find((key) => key.endsWith(':id'));
      const target = reference === undefined ? undefined : targets.get(attributes[reference] ?? '');
      if (target !== undefined) slides.push(target);
    },
  });
  return slides;
}

async function notesOf(archive: Archive, slide: string): Promise<string | null> {
  const notes = (await readRelationships(archive, slide)).find(({ type }) => type === 'notesSlide');
  const content = notes === undefined ? null : await archive.read(notes.target);
  if (content === null) return null;
  const text = readSlide(content)
    .blocks.map((block) => block.text.replace(/^[^\S\n]*- /gmu, ''))
    .join('\n');
  return text === '' ? null : text;
}
