import { describe, expect, it } from '@jest/globals';
import { turnsOf } from './load-conversations.mjs';

describe('turns of a passage', () => {
  it('are its sentences, in order, with nothing lost but white space', () => {
    const text = 'It was built in 1902. Who built it?  Nobody knows!\nIt stands.';
    expect(turnsOf(text)).toEqual(['It was built in 1902.', 'Who built it?', 'Nobody knows!', 'It stands.']);
  });
});
