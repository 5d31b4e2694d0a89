import { describe, expect, it } from '@jest/globals';
import { ClaimWindow } from './claim-window.js';

describe('the claim window', () => {
  it('begins with a full look, then half a second before the oldest row of the last claim', () => {
    const window = new ClaimWindow();
    expect(window.next(0)).toBeUndefined();
    window.claimed(10_000_000);
    expect(window.next(1)).toBe(9_500_000);
  });

  it('looks at everything once a second however busy it is: rows that committed late are found', () => {
    const window = new ClaimWindow();
    let fullLooks = 0;
    for (let now = 0; now < 10_000; now += 5) {
      if (window.next(now) === undefined) fullLooks += 1;
      window.claimed(now * 1_000);
    }
    expect(fullLooks).toBe(10);
  });

  it('looks again at everything after an empty windowed claim, at most five times a second', () => {
    const window = new ClaimWindow();
    window.next(0);
    window.claimed(1);
    expect(window.lookAgain(100)).toBe(false);
    expect(window.lookAgain(200)).toBe(true);
    expect(window.next(200)).toBeUndefined();
  });

  it('looks at everything when it is told to', () => {
    const window = new ClaimWindow();
    window.next(0);
    window.claimed(1);
    window.widen();
    expect(window.next(1)).toBeUndefined();
  });
});
