import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ValidationError } from '#libs/contracts/index.js';
import { TerminalHandlerError } from './errors.js';
import { DEFAULT_RETRY_POLICY, describeFailures, judge, type HandlerFailure, type RetryPolicy } from './retry.js';

const failure = (error: unknown, policy: Partial<RetryPolicy> = {}): HandlerFailure => ({
  handler: 'test.handler',
  error,
  policy: { ...DEFAULT_RETRY_POLICY, ...policy },
});
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('judge', () => {
  it('waits between nothing and min(cap, base * 2^(attempt - 1)), spread over all of it', () => {
    fc.assert(
      fc.property(
        fc.record({ baseMs: fc.integer({ min: 1, max: 10_000 }), capMs: fc.integer({ min: 1, max: 1_000_000 }) }),
        fc.integer({ min: 1, max: 40 }),
        unit,
        (policy, attempt, random) => {
          const verdict = judge([failure(new Error('x'), { ...policy, maxAttempts: 99 })], attempt, () => random);
          const bound = Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
          expect(verdict).toEqual({ kind: 'retry', delayMs: random * bound });
        },
      ),
    );
  });

  it('follows the published schedule by default: 1, 2, 4, 8 s at most, then the dead letter', () => {
    const almostOne = (): number => 1;
    const verdicts = [1, 2, 3, 4, 5].map((attempt) => judge([failure(new Error('x'))], attempt, almostOne));
    expect(verdicts).toEqual([
      { kind: 'retry', delayMs: 1_000 },
      { kind: 'retry', delayMs: 2_000 },
      { kind: 'retry', delayMs: 4_000 },
      { kind: 'retry', delayMs: 8_000 },
      { kind: 'fail' },
    ]);
  });

  it('never waits longer than 300 s by default', () => {
    expect(judge([failure(new Error('x'), { maxAttempts: 99 })], 30, () => 1)).toEqual({
      kind: 'retry',
      delayMs: 300_000,
    });
  });

  it.each([
    ['validation', new ValidationError('no')],
    ['terminal', new TerminalHandlerError('no')],
    ['unique violation', Object.assign(new Error('dup'), { code: '23505' })],
    ['foreign key', Object.assign(new Error('fk'), { code: '23503' })],
  ])('fails at once for a terminal error: %s', (_name, error) => {
    expect(judge([failure(error)], 1)).toEqual({ kind: 'fail' });
    expect(judge([failure(new Error('transient')), failure(error)], 1)).toEqual({ kind: 'fail' });
  });

  it.each([
    ['deadlock', Object.assign(new Error('deadlock'), { code: '40P01' })],
    ['anything else', new Error('whatever')],
    ['no error object', 'text'],
  ])('retries %s', (_name, error) => {
    expect(judge([failure(error)], 1).kind).toBe('retry');
  });

  it('waits as long as the most patient failing handler asks for', () => {
    const failures = [failure(new Error('a'), { baseMs: 10 }), failure(new Error('b'), { baseMs: 5_000 })];
    expect(judge(failures, 1, () => 1)).toEqual({ kind: 'retry', delayMs: 5_000 });
  });
});

describe('describeFailures', () => {
  it('gives a text that Postgres can hold, bounded, without the details of database errors', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 3_000 }), { minLength: 1, maxLength: 4 }),
        (messages) => {
          const text = describeFailures(
            messages.map((message) => failure(Object.assign(new Error(message), { detail: 'Key (email)=(a@b.c)' }))),
          );
          expect(text).not.toContain('\0');
          expect(text.length).toBeLessThanOrEqual(2_000);
          expect(text).not.toContain('a@b.c');
          expect(text.startsWith('test.handler: Error: ')).toBe(true);
        },
      ),
    );
  });
});
