import { describe, expect, it } from '@jest/globals';
import { joinLines, wordsOf } from './join-lines.js';

describe('words of lines', () => {
  it('are those that do not touch a line end', () => {
    const words = wordsOf(['Over the well-known hill', ' and far', 'Away ', 'Ends']);
    expect([...words]).toEqual(['over', 'the', 'well-known', 'and', 'away']);
  });
});

describe('a line without an end', () => {
  const long = 'A'.repeat(500_000);

  it.each([`${long} `, `${long}1b`, ' '.repeat(500_000)])('has its words found at once', (line) => {
    expect(wordsOf([line]).size).toBeLessThanOrEqual(1);
  });

  it.each([`${long}1`, ':'.repeat(500_000)])('is joined at its hyphen at once', (line) => {
    expect(joinLines([`${line} wel-`, 'come'])).toBe(`${line} welcome`);
    expect(joinLines([`${line} x`, 'come'])).toBe(`${line} x come`);
    expect(joinLines([`${line}b-`, 'come']).slice(-6)).toMatch(/b-?come$/u);
  });
});
