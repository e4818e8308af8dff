import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';
import reactHooks from 'eslint-plugin-react-hooks';
import { importLaw } from './scripts/eslint/import-law.mjs';

const tests = [
  '**/*.test.ts',
  '**/*.test.tsx',
  '**/test-support.ts',
  '**/testing.ts',
  '**/testing/**',
  '**/e2e/**',
  '**/conformance.ts',
  '**/testdata/**',
];
const outside = { now: 'take it from the Clock port: decisions must be testable at any moment' };

const restrictedGlobals = [
  { object: 'Date', property: 'now', message: outside.now },
  { object: 'Math', property: 'random', message: 'take it from the Random port; numbers are never invented' },
  { object: 'process', property: 'env', message: 'only config/load, runtime and main read the environment' },
];

// Without type information: the whole tree is checked in seconds; tsc checks the types beside it.
export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      '**/dist/**',
      '**/dist-*/**',
      '**/.genesis/**',
      '.cache/**',
      '**/generated/**',
      'coverage/**',
      '**/testdata/**/*.js',
    ],
  },
  eslint.configs.recommended,
  tseslint.configs.recommended,
  {
    languageOptions: {
      globals: globalsOf([
        'process',
        'console',
        'URL',
        'URLSearchParams',
        'Buffer',
        'performance',
        'setTimeout',
        'clearTimeout',
        'setInterval',
        'clearInterval',
        'setImmediate',
        'AbortController',
        'AbortSignal',
        'fetch',
        'structuredClone',
        'document',
        'window',
        'location',
        'history',
        'navigator',
        'EventSource',
      ]),
    },
    rules: {
      'max-lines': ['warn', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-constant-condition': ['error', { checkLoops: false }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSEnumDeclaration',
          message: 'write a const array and a union: enums do not survive type stripping',
        },
        {
          selector: 'TSParameterProperty',
          message: 'write the field out: parameter properties do not survive type stripping',
        },
        { selector: 'ExportDefaultDeclaration', message: 'export by name' },
      ],
    },
  },
  {
    files: [
      'exporter/src/**/*.ts',
      'rules/src/**/*.ts',
      'alertmanager/src/**/*.ts',
      'provisioning/src/**/*.ts',
      'dashboards/src/**/*.ts',
    ],
    ignores: tests,
    plugins: { genesis: { rules: { 'import-law': importLaw } } },
    rules: {
      'genesis/import-law': 'error',
      'no-console': 'error',
      'no-restricted-properties': ['error', ...restrictedGlobals],
    },
  },
  {
    files: ['plugin/src/**/*.ts', 'plugin/src/**/*.tsx'],
    plugins: { genesis: { rules: { 'import-law': importLaw } }, 'react-hooks': reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      'genesis/import-law': 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['exporter/src/runtime/**/*.ts', 'exporter/src/main.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['exporter/src/config/load.ts', 'exporter/src/main/**/*.ts'],
    rules: { 'no-restricted-properties': ['error', ...restrictedGlobals.filter(({ property }) => property !== 'env')] },
  },
  { files: tests, rules: { 'max-lines-per-function': 'off', 'max-lines': 'off' } },
  { files: ['bench/**', 'docs/tests/**', 'scripts/**/*.test.ts'], rules: { 'max-lines-per-function': 'off' } },
  {
    // Jest itself loads these, by their default export and outside of any sandbox.
    files: ['plugin/.config/jest/**'],
    rules: { 'no-undef': 'off', 'no-restricted-syntax': 'off' },
  },
  { files: ['*.config.js', '*.config.mjs', '*.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
);

function globalsOf(names) {
  return Object.fromEntries(names.map((name) => [name, 'readonly']));
}
