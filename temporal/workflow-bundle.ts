import { access, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Where the build leaves the bundle: beside the compiled code, also when this file itself runs from its source. */
const BUNDLE_URL = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/workflow-bundle.js' : '../workflow-bundle.js',
  import.meta.url,
);

/** Bundles the compiled workflows ahead of time, so that no worker does it at start-up. */
export async function writeWorkflowBundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.js', import.meta.url)),
    logger: {
      log: () => undefined,
      trace: () => undefined,
      debug: () => undefined,
      info: () => undefined,
      warn: console.warn,
      error: console.error,
    },
  });
  await writeFile(BUNDLE_URL, code);
}

/** The bundle of this build. Thrown when it is missing: run `npm run build`. */
export async function workflowBundlePath(): Promise<string> {
  const path = fileURLToPath(BUNDLE_URL);
  await access(path).catch((cause: unknown) => {
    throw new Error('The workflow bundle is missing; run `npm run build`.', { cause });
  });
  return path;
}
