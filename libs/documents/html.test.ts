import { describe, expect, it } from '@jest/globals';
import type { ExtractedDocument } from './extracted-document.js';
import { extractHtml } from './html.js';

const extract = (source: string): ExtractedDocument => extractHtml(new TextEncoder().encode(source));
const outline = ({ text, blocks }: ExtractedDocument): string[][] =>
  blocks.map((block) => [block.kind, block.headingPath.join(' > '), text.slice(block.start, block.end)]);

describe('HTML', () => {
  it('gives visible text in order, with headings, lists, tables, code and quotations', () => {
    const document = extract(`<!doctype html><html><head><title> The
      page </title><style>p{}</style></head><body>
      <nav><a href="/">Home</a></nav>
      <h1>Guide</h1>Loose <b>bold</b> text<p>A paragraph<br>of two lines.</p>
      <h2>Setup</h2>
      <ol start="3"><li>one</li><li>two<ul><li>nested</li></ul></li><li><p>three</p><p>more</p></li></ol>
      <table><caption>Sizes</caption><tr><th>Name<th>Size</tr><tr><td>a</td><td><p>1</p><p>KB</p></td></tr></table>
      <pre>if (x) {
  go();
}</pre>
      <blockquote><p>Said so.</p></blockquote>
      <script>alert('no')</script><p hidden>no</p><template>no</template><div role="navigation">no</div>
    </body></html>`);
    expect(document.title).toBe('The page');
    expect(outline(document)).toEqual([
      ['heading', 'Guide', 'Guide'],
      ['paragraph', 'Guide', 'Loose bold text'],
      ['paragraph', 'Guide', 'A paragraph\nof two lines.'],
      ['heading', 'Guide > Setup', 'Setup'],
      ['list', 'Guide > Setup', '3. one\n4. two\n  - nested\n5. three\n   more'],
      ['table', 'Guide > Setup', 'Sizes\nName | Size\na | 1 KB'],
      ['code', 'Guide > Setup', 'if (x) {\n  go();\n}'],
      ['quote', 'Guide > Setup', 'Said so.'],
    ]);
  });

  it('reads a table that lays out the page as the page', () => {
    expect(
      outline(
        extract('<table><tr><td><h1>Title</h1><p>Left</p></td><td><table><tr><td>a<td>b</table></td></tr></table>'),
      ),
    ).toEqual([
      ['heading', 'Title', 'Title'],
      ['paragraph', 'Title', 'Left'],
      ['table', 'Title', 'a | b'],
    ]);
  });

  it('does not glue words of neighbouring elements', () => {
    const { text } = extract('<div>one</div><div>two</div><span>three</span> <span>four</span><td>five</td>');
    expect(text.split(/\s+/u)).toEqual(['one', 'two', 'three', 'fourfive']);
  });

  it('takes the first h1 for the title where there is no other', () => {
    expect(extract('<h1>The <em>one</em></h1><p>x</p>').title).toBe('The one');
    expect(extract('<p>x</p>').title).toBeNull();
  });

  it('reads the charset that the page declares', () => {
    const page = Uint8Array.from('<meta charset="iso-8859-1"><p>Gr\u00fc\u00dfe</p>', (letter) => letter.charCodeAt(0));
    expect(extractHtml(page).text).toBe('Grüße');
  });

  it('reads what is nested deeper than browsers keep it, and refuses nesting without end', () => {
    const nested = (depth: number): string => `${'<div>'.repeat(depth)}deep${'</div>'.repeat(depth)}`;
    expect(extract(nested(900)).text).toBe('deep');
    expect(extract(`${'<ul><li>'.repeat(450)}deep`).text).toMatch(/- deep$/u);
    expect(() => extract(nested(100_000))).toThrow(expect.objectContaining({ code: 'too_deeply_nested', status: 422 }));
  });

  it('calls a page without visible text empty', () => {
    expect(() => extract('<html><script>x</script><nav>menu</nav></html>')).toThrow(
      expect.objectContaining({ code: 'empty_document' }),
    );
  });
});
