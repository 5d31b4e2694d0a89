import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { operations, problemSchema, type Operation } from '#libs/contracts/index.js';
import { TestApi } from '../setup/api-for-test.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const RUNS = 40;
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '0',
    '-1',
    'null',
    '\u0000',
    '../..',
    "'; REMOVE TABLE document;",
    '$session',
    '%00',
    '1e309',
    'a'.repeat(600),
  ),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 3 }),
);

function keysOf(schema: unknown): string[] {
  return Object.keys((schema as { shape?: object } | undefined)?.shape ?? {});
}

/** Bodies that look like the documented one, with right, wrong and hostile values. */
function bodyOf(operation: Operation): fc.Arbitrary<unknown> {
  const known = keysOf(operation.body);
  const likely = { query: fc.constant('honey'), text: fc.constant('words'), infer: fc.constantFrom('none', 'full', 7) };
  const fields = Object.fromEntries(
    known.map((key) => [key, key in likely ? fc.oneof(likely[key as keyof typeof likely], value) : value]),
  );
  return fc.oneof({ weight: 4, arbitrary: fc.record(fields, { requiredKeys: [] }) }, { weight: 1, arbitrary: value });
}

const fuzzed = Object.values<Operation>(operations).filter(
  (operation) => operation.auth !== 'none' && !operation.multipart,
);

it.each(fuzzed.map((operation) => [operation.id, operation] as const))(
  '%s answers documented statuses and never fails inside, whatever is sent',
  async (_id, operation) => {
    const documented = new Set<number>([
      operation.success.status,
      400,
      401,
      404,
      413,
      414,
      415,
      422,
      ...operation.errors,
    ]);
    const queryKeys = keysOf(operation.query);
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.dictionary(queryKeys.length > 0 ? fc.constantFrom(...queryKeys, 'x') : fc.constant('x'), text, {
          maxKeys: 3,
        }),
        bodyOf(operation),
        async (part, query, body) => {
          const path = operation.path
            .replace(
              '{contextId}',
              operation.method === 'delete' && operation.id === 'deleteContext' ? 'no-such-context' : api.contextId,
            )
            .replace(/\{\w+\}/g, encodeURIComponent(part) || 'x');
          const url = `${path}?${new URLSearchParams(query).toString()}`;
          const key = operation.auth === 'management' ? api.managementKey : api.key;
          const answer = await api.call(operation.method, url, { key, ...(operation.body ? { json: body } : {}) });
          expect(documented).toContain(answer.status);
          if (answer.status >= 400) problemSchema.strict().parse(answer.body);
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  },
);
