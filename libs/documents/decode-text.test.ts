import { describe, expect, it } from '@jest/globals';
import { declaredCharset } from './declared-charset.js';
import { decodeText } from './decode-text.js';

const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
const RUSSIAN = 'Привет, как дела? Сегодня хорошая погода.';
/** Windows-1251 and KOI8-R by hand: Node encodes neither. */
const cyrillic = (text: string, table: string): Buffer =>
  Buffer.from(
    Array.from(text, (letter) => (letter.charCodeAt(0) < 128 ? letter.charCodeAt(0) : 0xc0 + table.indexOf(letter))),
  );
const WINDOWS_1251 = 'АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя';
const KOI8_R = 'юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ';

describe('decodeText', () => {
  it('believes a byte order mark before everything', () => {
    expect(decodeText(hex('efbbbf47c3bc'), 'koi8-r')).toBe('Gü');
    expect(decodeText(Buffer.concat([hex('fffe'), Buffer.from('Gü', 'utf16le')]))).toBe('Gü');
    expect(decodeText(hex('feff004700fc'))).toBe('Gü');
    expect(() => decodeText(hex('fffe00d8'))).toThrow(expect.objectContaining({ code: 'invalid_encoding' }));
  });

  it('believes a declaration unless the bytes contradict it', () => {
    expect(decodeText(hex('93fa967b'), 'Shift_JIS')).toBe('日本');
    expect(decodeText(Buffer.from('Grüße'), 'no-such-charset')).toBe('Grüße');
    expect(decodeText(Buffer.from('東京 and more'), 'euc-kr')).toBe('東京 and more');
  });

  it('recognises what is declared nowhere', () => {
    expect(decodeText(cyrillic(RUSSIAN, WINDOWS_1251))).toBe(RUSSIAN);
    expect(decodeText(cyrillic(RUSSIAN, KOI8_R))).toBe(RUSSIAN);
    const german = 'Grüße aus Köln. Die Straße ist für Fußgänger geöffnet, die Brücke bleibt gesperrt.';
    expect(decodeText(Buffer.from(german, 'latin1'))).toBe(german);
    expect(decodeText(Buffer.concat([Buffer.alloc(300_000, 'a '), Buffer.from(german, 'latin1')]))).toMatch(
      /gesperrt\.$/u,
    );
    expect(decodeText(Buffer.from('Wide text without a mark', 'utf16le'))).toBe('Wide text without a mark');
  });

  it('refuses what could be anything, and says what to do', () => {
    const noise = Uint8Array.from({ length: 3_000 }, (_, index) => 32 + ((index * 7919) % 224));
    expect(() => decodeText(noise)).toThrow(/Save it as UTF-8 .* charset=/u);
  });

  it('puts a blank where a NUL was', () => {
    expect(decodeText(Buffer.from('a\0b'))).toBe('a b');
  });
});

describe('declaredCharset', () => {
  it.each([
    ['text/plain; charset=windows-1252', 'windows-1252'],
    ['text/html;CHARSET="Shift_JIS"', 'shift_jis'],
    ['text/plain; charset=none', null],
    ['text/plain', null],
    [null, null],
  ])('reads %p as %p', (contentType, expected) => {
    expect(declaredCharset(contentType)).toBe(expected);
  });
});
