// ESM TypeScript tests: swc strips the types, Node's vm modules run the result (scripts pass --experimental-vm-modules).
const swc = ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }];
const base = {
  transform: { '^.+\\.ts$': swc },
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.genesis', '<rootDir>/plugin/(dist|dist-console|hosts)/'],
};
// What the browser runs: React and @grafana packages as CommonJS, which needs neither vm modules nor a bundler.
const swcTsx = [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', tsx: true },
      transform: { react: { runtime: 'automatic' } },
      target: 'es2024',
    },
    module: { type: 'commonjs' },
  },
];
const plugin = {
  displayName: 'plugin',
  testEnvironment: '<rootDir>/plugin/.config/jest/environment.mjs',
  setupFilesAfterEnv: ['<rootDir>/plugin/.config/jest/setup.ts'],
  testMatch: ['<rootDir>/plugin/src/**/*.test.tsx'],
  transform: { '^.+\\.m?[jt]sx?$': swcTsx },
  // Published as ES modules only.
  transformIgnorePatterns: [
    'node_modules/(?!(d3|d3-[a-z-]+|internmap|delaunator|robust-predicates|ol|react-colorful|uuid|marked|quick-lru|rbush|quickselect|earcut|pbf|geotiff|@react-hookz|@ver0)/)',
  ],
  moduleNameMapper: {
    '\\.(css|svg|png)$': '<rootDir>/plugin/.config/jest/empty.cjs',
    '^react-inlinesvg$': '<rootDir>/plugin/.config/jest/inline-svg.cjs',
    // As in Grafana and in the console: one router for the plugin and for @grafana/ui.
    '^react-router-dom-v5-compat$': '<rootDir>/node_modules/react-router-dom',
  },
  modulePathIgnorePatterns: base.modulePathIgnorePatterns,
};
export default {
  // Two slow, shared cores: a test that starts a thread or a product may have to wait for its turn.
  testTimeout: 60_000,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{exporter,rules,alertmanager,dashboards,provisioning}/src/**/*.test.ts',
        '<rootDir>/scripts/**/*.test.ts',
        '<rootDir>/plugin/{src,.config,scripts,console}/**/*.test.ts',
      ],
    },
    plugin,
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/{exporter,rules,alertmanager}/e2e/**/*.e2e.ts'] },
    { ...base, displayName: 'browser', testMatch: ['<rootDir>/{exporter,plugin}/e2e/**/*.browser.ts'] },
    { ...base, displayName: 'long', testMatch: ['<rootDir>/exporter/e2e/**/*.long.ts'] },
  ],
};
