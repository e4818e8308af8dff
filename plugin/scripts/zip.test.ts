import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { entriesOf, zipApp } from './zip.ts';
import { faultsOf } from './zip-rules.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  readonly version: string;
};
const id = 'genesis-dr-app';
const manifest = {
  type: 'app',
  id,
  name: 'Genesis DR',
  info: {
    description: 'a description of what it does',
    keywords: ['backup'],
    version,
    updated: '2026-01-31',
    logos: { small: 'img/logo.svg', large: 'img/logo.svg' },
    screenshots: [],
    links: [],
  },
  includes: [{ type: 'page', path: `/a/${id}/overview`, action: `${id}:read` }],
  roles: [{ role: { name: 'reader', permissions: [{ action: `${id}:read` }] }, grants: ['Viewer'] }],
  routes: [{ path: 'read/*', method: 'GET', url: '{{ .JsonData.apiUrl }}/read' }],
  dependencies: { grafanaDependency: '>=12.3.0' },
};
const good: Readonly<Record<string, string>> = {
  'plugin.json': JSON.stringify(manifest),
  'module.js': 'define(["react"],()=>({}))',
  'module.js.map': '{}',
  'README.md': 'what the app does and how it is set up. '.repeat(20),
  'CHANGELOG.md': '# 0.1.0',
  LICENSE: 'Apache License, Version 2.0',
  'img/logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
};
const bytes = (files: Readonly<Record<string, string>>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${id}/${path}`, new TextEncoder().encode(text)]));
const changed = (change: object): Record<string, string> => ({
  ...good,
  'plugin.json': JSON.stringify({ ...manifest, ...change }),
});
const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(good).filter(([path]) => path !== name));

it('finds nothing in a sound archive', () => {
  expect(faultsOf(bytes(good), version)).toEqual([]);
});

it.each<[string, Record<string, string>, RegExp]>([
  ['no manifest', without('plugin.json'), /plugin\.json is missing/],
  ['no script', without('module.js'), /module\.js is missing/],
  ['no source map', without('module.js.map'), /module\.js\.map is missing/],
  ['no licence', { ...good, LICENSE: 'all rights reserved' }, /LICENSE is none/],
  ['a template README', { ...good, 'README.md': `Getting started ${'x'.repeat(600)}` }, /that of the template/],
  ['no logo', without('img/logo.svg'), /picture img\/logo\.svg is missing/],
  ['a logo that runs', { ...good, 'img/logo.svg': '<svg onload="x()"/>' }, /could run/],
  ['a bundled React', { ...good, 'app.js': 'React.__SECRET_INTERNALS_DO_NOT_USE' }, /a part of React/],
  ['an ES module', { ...good, 'module.js': 'export {}' }, /no AMD module/],
  ['another id', changed({ id: 'other-app' }), /not named by the id/],
  ['a placeholder', changed({ info: { ...manifest.info, updated: '%TODAY%' } }), /was not filled in/],
  ['another version', changed({ info: { ...manifest.info, version: '9.9.9' } }), /not that of package\.json/],
  [
    'a foreign permission',
    changed({ roles: [{ role: { permissions: [{ action: 'users:write' }] } }] }),
    /does not belong/,
  ],
  ['a permission that nobody has', changed({ roles: [] }), /no role grants/],
  [
    'a route for several methods',
    changed({ routes: [{ path: 'x/*', method: 'GET,POST', url: 'u' }] }),
    /no single method/,
  ],
  ['a route without a star', changed({ routes: [{ path: 'x', method: 'GET', url: 'u' }] }), /match itself only/],
  ['a backend', changed({ backend: true }), /names a backend/],
])('finds %s', (_what, files, expected) => {
  expect(faultsOf(bytes(files), version).join('\n')).toMatch(expected);
});

it('wants one folder', () => {
  const two = { ...bytes(good), 'other/file': new Uint8Array() };

  expect(faultsOf(two, version)).toEqual([expect.stringContaining('2 folders')]);
});

describe('packing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'genesis-zip-'));
  const app = join(folder, 'app');
  for (const [path, text] of Object.entries(good)) {
    mkdirSync(dirname(join(app, path)), { recursive: true });
    writeFileSync(join(app, path), text);
  }
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('makes one folder named by the id, the same bytes each time', () => {
    const [one, two] = ['one', 'two'].map((name) => readFileSync(zipApp({ app, out: join(folder, name) })));

    expect(Object.keys(entriesOf(new Uint8Array(one as Buffer))).sort()).toEqual(
      Object.keys(good)
        .map((path) => `${id}/${path}`)
        .sort(),
    );
    expect(one?.equals(two as Buffer)).toBe(true);
  });

  it('refuses to pack what breaks a rule', () => {
    rmSync(join(app, 'LICENSE'));

    expect(() => zipApp({ app, out: folder })).toThrow(/LICENSE is missing/);
  });
});
