export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{apps,libs,workflows,activities,temporal,test}/**/*.test.ts', '<rootDir>/eval/**/*.test.mjs'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: true }] },
  // '#libs/*.js' resolves to ./libs/*.ts under this condition: tests run the sources, never a stale dist.
  testEnvironmentOptions: { customExportConditions: ['spectra-src', 'node', 'node-addons'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  setupFiles: ['<rootDir>/test/setup/one-realm.ts'],
  globalSetup: '<rootDir>/test/setup/global-setup.mjs',
  globalTeardown: '<rootDir>/test/setup/global-teardown.mjs',
  testTimeout: 30_000,
  maxWorkers: 2,
  watchman: false,
};
