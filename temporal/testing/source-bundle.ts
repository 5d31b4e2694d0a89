import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface SourceBundle {
  readonly code: string;
  /** Every module that webpack put in: paths under the root, or from their `node_modules/` on; sorted. */
  readonly modules: readonly string[];
}

function place(path: string): string {
  const dependency = path.lastIndexOf(`node_modules${sep}`);
  const relative = dependency >= 0 ? path.slice(dependency) : path.startsWith(ROOT) ? path.slice(ROOT.length) : path;
  return relative.replaceAll(sep, '/');
}

/**
 * Bundles workflows from their sources: without the condition, `#libs` would mean whatever an earlier build left in
 * dist.
 * @param path below the root of the repository
 */
export async function bundleSources(path = 'workflows/index.ts'): Promise<SourceBundle> {
  let modules: string[] = [];
  const { code } = await bundleWorkflowCode({
    workflowsPath: `${ROOT}${path}`,
    // A failure rejects.
    logger: new DefaultLogger('ERROR', () => undefined),
    webpackConfigHook: (config) => ({
      ...config,
      resolve: { ...config.resolve, conditionNames: ['spectra-src', '...'] },
      plugins: [
        ...(config.plugins ?? []),
        {
          apply: (compiler) => {
            compiler.hooks.done.tap('modules', ({ compilation }) => {
              modules = [...compilation.modules].map((module) =>
                place(module.nameForCondition() ?? module.identifier()),
              );
            });
          },
        },
      ],
    }),
  });
  return { code, modules: [...new Set(modules)].sort() };
}
