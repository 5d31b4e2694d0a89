/** Layering: apps -> activities, workflows (types) -> libs/<domain> -> libs/{contracts,stores,models,events,config,telemetry,generations}. */
const domains = 'access|memory|documents|recall|client';
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'libs-know-no-apps',
      severity: 'error',
      from: { path: '^libs/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(apps|workflows|activities|test|bench)/' },
    },
    {
      name: 'activities-know-no-apps',
      severity: 'error',
      from: { path: '^activities/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(apps|test|bench)/' },
    },
    {
      name: 'libs-meet-at-their-index',
      comment: 'A lib is entered by its index.ts only.',
      severity: 'error',
      from: { path: '^(apps|workflows|activities|temporal|test|bench|libs)/([^/]+)/' },
      to: {
        path: '^libs/([^/]+)/.+',
        pathNot: ['^libs/$2/', '^libs/[^/]+/index\\.ts$', '^libs/stores/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'foundation-knows-no-domain',
      severity: 'error',
      from: { path: '^libs/(contracts|stores|models|names|cache|events|config|telemetry|generations)/' },
      to: { path: `^libs/(${domains})/` },
    },
    {
      name: 'contracts-are-pure',
      severity: 'error',
      from: { path: '^libs/contracts/' },
      to: { path: '^libs/(?!contracts/)' },
    },
    {
      name: 'only-apps-use-nest',
      severity: 'error',
      from: { pathNot: '^(apps|test)/' },
      to: { path: 'node_modules/@nestjs/' },
    },
    {
      name: 'workflows-values-only-temporal',
      severity: 'error',
      from: { path: '^workflows/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^workflows/', 'node_modules/@temporalio/workflow/'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'cli-is-thin',
      comment: 'The client speaks HTTP only: no engine, no database driver.',
      severity: 'error',
      from: { path: '^(apps/cli|libs/client)/', pathNot: '\\.test\\.ts$' },
      to: { path: ['^libs/(?!contracts/|client/)', 'node_modules/(surrealdb|pg|@surrealdb|@temporalio|@nestjs)/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      conditionNames: ['spectra-src', 'import', 'require', 'node', 'default'],
      extensions: ['.ts', '.js'],
    },
  },
};
