import { describe, expect, it } from '@jest/globals';
import { ExpiringCache } from './expiring-cache.js';

describe('an expiring cache', () => {
  it('forgets an entry at the end of its time, and the oldest when it is full', () => {
    let now = 0;
    const cache = new ExpiringCache<number | null>(1_000, 2, () => now);
    cache.set('a', 1);
    cache.set('b', null);
    now = 999;
    expect([cache.get('a'), cache.get('b')]).toEqual([1, null]);
    cache.set('a', 2);
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([2, undefined, 3]);
    now = 1_999;
    expect(cache.get('a')).toBeUndefined();
  });

  it('forgets at once what is deleted', () => {
    const cache = new ExpiringCache<number>(1_000, 5, () => 0);
    cache.set('a', 1);
    cache.set('b', 2);
    cache.delete('a');
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, 2]);
    cache.clear();
    expect(cache.get('b')).toBeUndefined();
  });
});
