import tseslint from 'typescript-eslint';
import { defineConfig } from 'eslint/config';

const restrict = (patterns) => ({ '@typescript-eslint/no-restricted-imports': ['error', { patterns }] });

export default defineConfig(
  { ignores: ['dist/**', '.spectra/**', '**/*.js', '**/*.cjs', '**/*.mjs'] },
  tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Nest needs the classes of constructor parameters at run time, so `import type` is a choice, not a rule.
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only libs/config reads the environment.',
        },
      ],
    },
  },
  {
    files: ['libs/config/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', '**/*.test.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['libs/**/*.ts'],
    rules: restrict([
      { regex: '(^|/)(apps|activities|workflows)/', message: 'libs know nothing of apps, activities or workflows.' },
    ]),
  },
  {
    files: ['workflows/**/*.ts'],
    ignores: ['workflows/**/*.test.ts'],
    rules: {
      ...restrict([
        {
          regex: '^(?!@temporalio/workflow$|\\./(?!.*\\.\\./))',
          allowTypeImports: true,
          message: 'Workflows take values only from @temporalio/workflow and their ./ siblings.',
        },
      ]),
      'no-restricted-globals': ['error', 'fetch', 'process', 'Buffer', 'setInterval'],
    },
  },
);
