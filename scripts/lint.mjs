// `npm run lint`: types, typed rules, format, layering, unused exports and dependencies. Says every failure, not just the first.
import { join } from 'node:path';
import { ROOT, runNode, setUp } from './set-up.mjs';

await setUp();
const tool = (...path) => join(ROOT, 'node_modules', ...path);
const FOLDERS = ['apps', 'libs', 'workflows', 'activities', 'temporal', 'test'];
const checks = [
  ['types', [tool('typescript', 'bin', 'tsc'), '-p', '.']],
  ['rules', [tool('eslint', 'bin', 'eslint.js'), '.']],
  ['format', [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.']],
  ['layering', [tool('dependency-cruiser', 'bin', 'dependency-cruiser.mjs'), ...FOLDERS]],
  ['unused', [tool('knip', 'bin', 'knip.js'), '--no-progress']],
];
let failed = 0;
for (const [name, args] of checks) {
  const code = await runNode(args);
  process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}\n`);
  if (code !== 0) failed += 1;
}
process.exitCode = failed > 0 ? 1 : 0;
