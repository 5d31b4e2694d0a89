import { describe, expect, it } from '@jest/globals';
import { textKind } from './text-kind.js';

describe('textKind', () => {
  it.each([
    ['an empty comment', '<!----><html>'],
    ['hyphens inside of a comment', '<!-- a - b -- c --- --> <!---a---><!DOCTYPE html>'],
    ['a comment with tags', '<?xml version="1.0"?>\n<!-- <p> -->\n<!-- \n --><body>'],
    ['500 comments', `${'<!---->'.repeat(500)}<html>`],
  ])('knows a page behind %s', (_what, head) => {
    expect(textKind(head, null, null)).toBe('text/html');
  });

  it.each([
    ['500 comments', '<!---->'.repeat(500)],
    ['500 comments and space', '<!-- - -- --> \n'.repeat(270)],
    ['a comment that does not end', `<!--${'-'.repeat(4_000)}`],
    ['ends of comments', `<!--${'-->'.repeat(1_300)}`],
    ['declarations', '<?xml '.repeat(600)],
  ])('is done at once with text that is no page: %s', (_what, head) => {
    expect(textKind(`${head}x`, null, null)).toBe('text/plain');
  });
});
