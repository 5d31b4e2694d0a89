import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fuse, type Fusion, type SignalScores } from './fuse.js';

const scores = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 3 }), fc.double({ min: 0, max: 100, noNaN: true })), {
    selector: ([id]) => id,
    maxLength: 12,
  })
  .map((entries) => new Map(entries));
const signals: fc.Arbitrary<SignalScores[]> = fc
  .tuple(scores, scores, fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([a, b, weight]) => [
    { signal: 'bm25', weight, scores: a },
    { signal: 'vector', weight: 1 - weight, scores: b },
  ]);
const fusion: fc.Arbitrary<Fusion> = fc.oneof(
  fc.constant<Fusion>({ method: 'max' }),
  fc.integer({ min: 1, max: 100 }).map<Fusion>((k) => ({ method: 'rrf', k })),
);

describe('fuse', () => {
  it('finds every candidate once; contributions add up to a score of 0..1, best first', () => {
    fc.assert(
      fc.property(signals, fusion, (given, method) => {
        const hits = fuse(given, method);
        const ids = new Set(given.flatMap(({ scores: all }) => [...all.keys()]));
        expect(new Set(hits.map((hit) => hit.id))).toEqual(ids);
        expect(hits).toHaveLength(ids.size);
        for (const [index, hit] of hits.entries()) {
          expect(hit.explain.signals.reduce((sum, part) => sum + part.contribution, 0)).toBe(hit.score);
          for (const part of hit.explain.signals) expect(part.contribution).toBe(part.weight * part.normalised);
          expect(hit.score).toBeGreaterThanOrEqual(0);
          expect(hit.score).toBeLessThanOrEqual(1 + 1e-9);
          const before = hits[index - 1];
          if (before) expect(before.score > hit.score || (before.score === hit.score && before.id < hit.id)).toBe(true);
        }
      }),
    );
  });

  it('gives the same order whatever order the rows came in', () => {
    fc.assert(
      fc.property(signals, fusion, (given, method) => {
        const turned = given.map((signal) => ({ ...signal, scores: new Map([...signal.scores].reverse()) }));
        expect(fuse(turned, method)).toEqual(fuse(given, method));
      }),
    );
  });

  it('does not change when a signal measures in another unit', () => {
    fc.assert(
      fc.property(signals, (given) => {
        const scaled = given.map((signal) => ({
          ...signal,
          scores: new Map([...signal.scores].map(([id, raw]) => [id, raw * 4])),
        }));
        expect(fuse(scaled).map(({ id, score }) => [id, score])).toEqual(
          fuse(given).map(({ id, score }) => [id, score]),
        );
      }),
    );
  });

  it('ranks within a signal from 1 and gives the best of each its whole weight', () => {
    const hits = fuse([
      {
        signal: 'bm25',
        weight: 0.75,
        scores: new Map([
          ['a', 8],
          ['b', 4],
        ]),
      },
      {
        signal: 'vector',
        weight: 0.25,
        scores: new Map([
          ['b', 0.5],
          ['c', -0.2],
        ]),
      },
    ]);
    expect(hits.map(({ id, score }) => [id, score])).toEqual([
      ['a', 0.75],
      ['b', 0.625],
    ]);
    expect(hits[1]?.explain.signals.map(({ signal, rank }) => [signal, rank])).toEqual([
      ['bm25', 2],
      ['vector', 1],
    ]);
  });

  it('keeps rows that full text scored 0: in a Context of one document they are all there is', () => {
    expect(fuse([{ signal: 'bm25', weight: 1, scores: new Map([['a', 0]]) }])).toMatchObject([{ id: 'a', score: 1 }]);
  });

  it('by reciprocal rank depends on ranks alone', () => {
    const of = (raw: number[]): number[] =>
      fuse([{ signal: 'bm25', weight: 1, scores: new Map(raw.map((value, index) => [String(index), value])) }], {
        method: 'rrf',
        k: 60,
      }).map((hit) => hit.score);
    expect(of([9, 2, 1])).toEqual(of([900, 899, 0.1]));
    expect(of([3, 2])).toEqual([1, 61 / 62]);
  });
});
