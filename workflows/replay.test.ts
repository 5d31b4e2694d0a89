import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { RECORDER, recordedHistories, textsOf } from '../temporal/testing/recorded-history.js';
import { bundleSources } from '../temporal/testing/source-bundle.js';
import * as workflows from './index.js';

/** The paths that the histories must cover; a workflow without an entry needs `success`. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  documentPipeline: ['cancellation', 'failure', 'gone-before', 'gone-during', 'retry', 'success', 'worker-killed'],
};

const recorded = await recordedHistories();

let bundle: { code: string };

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { forward: {}, filter: 'error' } },
  });
  bundle = await bundleSources();
}, 60_000);

afterAll(() => Runtime.instance().shutdown());

describe('the recorded histories', () => {
  it.each(Object.keys(workflows))('cover the paths of %s', (workflow) => {
    const paths = recorded.filter((entry) => entry.workflow === workflow).map(({ path }) => path);
    expect(paths.sort()).toEqual(PATHS[workflow] ?? ['success']);
  });

  it.each(recorded)('replay on the code of today: $workflow, $path', async ({ workflow, history }) => {
    expect(textsOf(history)).toContain(workflow);
    await Worker.runReplayHistory({ workflowBundle: bundle }, history);
  });

  it.each(recorded)('name no machine, person or path: $workflow, $path', ({ history }) => {
    expect(fieldsNamed('identity', history)).not.toHaveLength(0);
    expect([...new Set(fieldsNamed('identity', history))]).toEqual([RECORDER]);
    const text = textsOf(history).join('\n');
    expect(text).not.toMatch(/\d+@\S/);
    expect(text).not.toMatch(/file:\/\/|(^|[\s"'(])\/(home|Users|root|tmp|work|opt|usr|var)\//m);
    expect(text).not.toMatch(/node_modules|localhost|127\.0\.0\.1/);
  });
});

describe('a changed workflow', () => {
  it('does not replay the histories of what it was', async () => {
    const changed = await bundleSources('workflows/histories/reordered/document-pipeline.ts');
    const success = recorded.find(({ workflow, path }) => workflow === 'documentPipeline' && path === 'success');
    expect(success).toBeDefined();
    await expect(
      Worker.runReplayHistory({ workflowBundle: { code: changed.code } }, success?.history),
    ).rejects.toBeInstanceOf(DeterminismViolationError);
  });
});

/** The values of every field of that name, at any depth. */
function fieldsNamed(name: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value as Record<string, unknown>).flatMap(([key, entry]) =>
    key === name ? [entry] : fieldsNamed(name, entry),
  );
}
