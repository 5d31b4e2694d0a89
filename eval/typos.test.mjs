import { describe, expect, it } from '@jest/globals';
import { withTypos } from './typos.mjs';

const QUESTIONS = ['Which river flows through the capital?', 'Who wrote it?'];
const letters = (text) => [...text].sort().join('');

describe('questions with typos', () => {
  it('swap letters within every longer word and leave the rest alone', () => {
    const [first, second] = withTypos(QUESTIONS, { share: 1, seed: 3 });
    const words = first.split(' ');
    expect(words.map(letters)).toEqual(QUESTIONS[0].split(' ').map(letters));
    expect(words.map((word) => word[0]).join('')).toBe('Wrfttc');
    expect(words[4]).toBe('the');
    expect(second.startsWith('Who ')).toBe(true);
    expect(first).not.toBe(QUESTIONS[0]);
  });

  it('are the same for the same seed, others for another, and none at a share of 0', () => {
    const typed = (seed, share = 0.5) => withTypos([QUESTIONS[0].repeat(20)], { share, seed })[0];
    expect(typed(1)).toBe(typed(1));
    expect(typed(1)).not.toBe(typed(2));
    expect(withTypos(QUESTIONS, { share: 0, seed: 1 })).toEqual(QUESTIONS);
  });
});
