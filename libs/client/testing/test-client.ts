import { SpectraClient, type SpectraClientOptions } from '../index.js';

export const KEY = 'sp-abc-s3cr3t';
export const MANAGEMENT_KEY = 'sp-mgmt-t0ps3cr3t';
/** A problem document as the service sends it. */
export const problem = (status: number, code: string, more: object = {}): object => ({
  type: `urn:spectra:problem:${code}`,
  title: 'A title',
  status,
  detail: 'What happened.',
  message: 'What happened.',
  code,
  requestId: 'req-1',
  retryable: false,
  ...more,
});

/** A client with both keys whose pauses take no time and are recorded. */
export function clientFor(
  url: string,
  options: Partial<SpectraClientOptions> = {},
): { client: SpectraClient; pauses: number[] } {
  const pauses: number[] = [];
  const client = new SpectraClient({
    url,
    contextId: 'demo',
    apiKey: KEY,
    managementApiKey: MANAGEMENT_KEY,
    sleep: (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    },
    ...options,
  });
  return { client, pauses };
}

/** What `promise` fails with; itself a failure when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}
