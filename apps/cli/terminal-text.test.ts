import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { table } from './table.js';
import { displayWidth, printable, truncate, wrap } from './terminal-text.js';

const text = fc.string({ unit: 'binary', maxLength: 200 });

describe('printable', () => {
  it('lets nothing through that a terminal obeys', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(printable(value)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it('removes whole escape sequences and keeps lines', () => {
    expect(printable('\u001b[31mred\u001b[0m\r\n\tplain \u001b]0;title\u0007end')).toBe('red\n  plain end');
  });
});

describe('wrap', () => {
  it('never exceeds the width, and loses nothing but white space', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 10, max: 60 }), (value, width) => {
        const lines = wrap(value, width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replace(/[ \n]/g, '')).toBe(printable(value).replace(/[ \n]/g, ''));
      }),
    );
  });
});

describe('truncate', () => {
  it('fits, and says that something is missing', () => {
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 3, max: 40 }),
        fc.constantFrom('end' as const, 'start' as const),
        (raw, width, cut) => {
          const value = printable(raw);
          const result = truncate(value, width, cut);
          expect(displayWidth(result)).toBeLessThanOrEqual(Math.max(width, 1));
          if (result !== value) expect(cut === 'end' ? result.endsWith('…') : result.startsWith('…')).toBe(true);
        },
      ),
    );
    expect(truncate('samples/guide.pdf', 10, 'start')).toBe('…guide.pdf');
  });
});

describe('table', () => {
  it('aligns columns whatever the width of their characters', () => {
    const rows = [
      { name: '日本', size: 5 },
      { name: 'naïve', size: 1000 },
      { name: '', size: null },
    ];
    const lines = table(
      rows,
      [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'SIZE', value: ({ size }) => size, align: 'right' },
      ],
      undefined,
    );
    expect(lines).toEqual(['NAME   SIZE', '日本      5', 'naïve  1000', '-         -']);
  });
});
