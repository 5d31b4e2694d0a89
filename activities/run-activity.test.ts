import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure, cancelled, CancelledFailure, type Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { UnavailableError, ValidationError } from '#libs/contracts/index.js';
import { recording } from '../test/setup/relay-for-test.js';
import { runActivity } from './run-activity.js';

/** Stands for the data that messages of stores may quote. */
const MARKER = 'quicksilver heron';

/** The SDK's own log of what is thrown here says nothing new. */
function quiet(info: Partial<Info> = {}): MockActivityEnvironment {
  return new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR', () => undefined) });
}

/** What the body's error becomes, and what was logged about it. */
async function failureOf(error: unknown): Promise<{ failure: unknown; lines: Record<string, unknown>[] }> {
  const { logger, lines } = recording();
  const environment = quiet({ activityType: 'embedDocument', attempt: 3 });
  const failure: unknown = await environment
    .run(() => runActivity(logger, () => Promise.reject(error as Error)))
    .then(
      () => {
        throw new Error('the activity did not fail');
      },
      (thrown: unknown) => thrown,
    );
  return { failure, lines };
}

/** Everything of a failure that would reach a history. */
function written(failure: unknown): string {
  const { message, type, details, cause, stack } = failure as ApplicationFailure;
  return JSON.stringify([message, type, details, String(cause), stack]);
}

describe('runActivity', () => {
  it('hands on what the body returns', async () => {
    const { logger, lines } = recording();
    const result = await quiet().run(() => runActivity(logger, () => Promise.resolve(42)));
    expect(result).toBe(42);
    expect(lines).toEqual([]);
  });

  it('makes an error that cannot heal final, under its code and with its sentence', async () => {
    const { failure } = await failureOf(new ValidationError('The file is empty.', [], 'empty_file'));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ nonRetryable: true, type: 'empty_file', message: 'The file is empty.' });
  });

  it('lets an error that heals be tried again, its code in the history and its message in the log only', async () => {
    const { failure, lines } = await failureOf(new UnavailableError(`no answer to "${MARKER}"`));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ nonRetryable: false, type: 'unavailable' });
    expect(written(failure)).not.toContain(MARKER);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ activity: 'embedDocument', attempt: 3 });
    expect(JSON.stringify(lines)).toContain(MARKER);
  });

  it.each([
    ['an unknown error', new TypeError(`cannot read "${MARKER}"`), 'TypeError'],
    [
      'an abort that nobody asked for',
      Object.assign(new Error(`aborted at "${MARKER}"`), { name: 'AbortError' }),
      'AbortError',
    ],
    ['something thrown that is no error', MARKER, 'unknown'],
  ])('lets %s be tried again and keeps its message out of the history', async (_name, error, type) => {
    const { failure } = await failureOf(error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ nonRetryable: false, type });
    expect(written(failure)).not.toContain(MARKER);
  });

  it('beats while the body is silent', async () => {
    const environment = quiet();
    const beaten = Promise.withResolvers<undefined>();
    let beats = 0;
    environment.on('heartbeat', () => {
      beats += 1;
      beaten.resolve(undefined);
    });
    await environment.run(() => runActivity(recording().logger, () => beaten.promise));
    expect(beats).toBe(1);
  });

  it('passes a cancellation through as one', async () => {
    const environment = quiet();
    const { logger, lines } = recording();
    const run = environment.run(() => runActivity(logger, () => cancelled()));
    environment.cancel('CANCELLED');
    await expect(run).rejects.toBeInstanceOf(CancelledFailure);
    expect(lines).toEqual([]);
  });

  it('takes an abort that follows from a cancellation for that cancellation', async () => {
    const environment = quiet();
    const { logger, lines } = recording();
    const abort = Object.assign(new Error('aborted'), { name: 'AbortError' });
    const run = environment.run(() =>
      runActivity(logger, () =>
        cancelled().catch(() => {
          throw abort;
        }),
      ),
    );
    environment.cancel('CANCELLED');
    await expect(run).rejects.toBeInstanceOf(CancelledFailure);
    expect(lines).toEqual([]);
  });
});
