// ESM TypeScript tests: swc strips the types, Node's vm modules run the result (scripts pass --experimental-vm-modules).
const swc = ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }];
const base = {
  transform: { '^.+\\.ts$': swc },
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.genesis'],
};
export default {
  // Two slow, shared cores: a test that starts a thread or a product may have to wait for its turn.
  testTimeout: 60_000,
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/{exporter,rules,alertmanager,dashboards,provisioning}/src/**/*.test.ts', '<rootDir>/scripts/**/*.test.ts'] },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/{exporter,rules,alertmanager}/e2e/**/*.e2e.ts'] },
    { ...base, displayName: 'browser', testMatch: ['<rootDir>/{exporter,plugin}/e2e/**/*.browser.ts'] },
    { ...base, displayName: 'long', testMatch: ['<rootDir>/exporter/e2e/**/*.long.ts'] },
  ],
};
