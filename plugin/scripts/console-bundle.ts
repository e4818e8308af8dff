import { join } from 'node:path';
import { build, type Metafile, type Plugin, type PluginBuild } from 'esbuild';

export interface BundleOptions {
  /** plugin/console */
  readonly console: string;
  /** Folder whose node_modules hold the @grafana packages. */
  readonly modules: string;
  /** What `genesis:build-facts` says. */
  readonly facts: unknown;
}

export interface Bundle {
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  readonly main: string;
  /** Style sheet of the packages; null where none has one. */
  readonly style: string | null;
  /** Every script that the page needs before it can draw, main included. */
  readonly first: readonly string[];
}

/** Two copies of one of these in a page would not know each other's state. */
const singletons =
  /^(react|react-dom|react-dom\/client|react\/jsx-runtime|react\/jsx-dev-runtime|react-router|@emotion\/css|@emotion\/react|rxjs|i18next|lodash|moment)$/;
const resolved = Symbol('resolved by us');

function resolveFrom(b: PluginBuild, folder: string) {
  return (path: string, kind: Parameters<PluginBuild['resolve']>[1]) =>
    b.resolve(path, { ...kind, resolveDir: folder, pluginData: resolved });
}

/** Where the packages come from, and what stands in for those that a page has no use for. */
function packagesFrom({ console: sources, modules, facts }: BundleOptions): Plugin {
  return {
    name: 'grafana-packages',
    setup(b) {
      const from = resolveFrom(b, modules);
      b.onResolve({ filter: /^[^./]/ }, ({ path, kind, importer, pluginData }) => {
        if (pluginData === resolved || kind === 'entry-point') return undefined;
        if (path === 'genesis:build-facts') return { path, namespace: 'genesis' };
        // Public in Grafana only; the same instance as the package's own index holds.
        if (path === 'genesis:plugin-page')
          return { path: join(modules, 'node_modules/@grafana/runtime/dist/esm/components/PluginPage.mjs') };
        // papaparse asks for Node's streams, which it never uses in a browser.
        if (path === 'stream') return { path, namespace: 'empty' };
        // The code editor is 5 MB and wants workers; the app's pages show text in a plain element.
        if (/^(monaco-editor|@monaco-editor\/react)(\/|$)/.test(path)) return { path, namespace: 'empty' };
        if (path === 'react-router-dom-v5-compat') return from('react-router-dom', { kind });
        // Zone rules of 1970 to 2030 instead of two centuries: nobody restores a backup of 1890, and it is 700 kB to read.
        if (path === 'moment-timezone')
          return from('moment-timezone/builds/moment-timezone-with-data-1970-2030.js', { kind });
        if (singletons.test(path) || importer.startsWith(sources)) return from(path, { kind });
        return undefined;
      });
      // Error messages in fifty languages that nothing shows.
      b.onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({
        contents: 'export { default as en } from "./en.js"',
      }));
      b.onLoad({ filter: /.*/, namespace: 'genesis' }, () => ({
        contents: `export const facts = ${JSON.stringify(facts)};`,
      }));
      b.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {}' }));
    },
  };
}

/** `main` and everything it imports, also what its one dynamic import needs: the host. */
function neededAtOnce(outputs: Metafile['outputs'], main: string): string[] {
  const host = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint?.endsWith('src/host.tsx'))?.[0];
  const needed = new Set<string>();
  const visit = (path: string): void => {
    if (needed.has(path)) return;
    needed.add(path);
    for (const { path: next, kind } of outputs[path]?.imports ?? []) if (kind === 'import-statement') visit(next);
  };
  visit(main);
  if (host !== undefined) visit(host);
  return [...needed];
}

/** Bundles plugin/console/src for browsers of the last two years. */
export async function bundleHost(options: BundleOptions): Promise<Bundle> {
  const outdir = '/out';
  const result = await build({
    absWorkingDir: options.console,
    entryPoints: ['src/main.ts'],
    outdir,
    write: false,
    bundle: true,
    format: 'esm',
    splitting: true,
    minify: true,
    target: 'es2022',
    jsx: 'automatic',
    platform: 'browser',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['import', 'module', 'browser'],
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    publicPath: '/console/assets',
    loader: { '.svg': 'dataurl', '.ttf': 'empty', '.woff': 'empty', '.png': 'dataurl' },
    legalComments: 'linked',
    logLevel: 'error',
    metafile: true,
    plugins: [packagesFrom(options)],
  });
  const { outputs } = result.metafile;
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  const main = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === 'src/main.ts')?.[0];
  if (main === undefined) throw new Error('the bundle has no entry');
  const style = outputs[main]?.cssBundle;
  return {
    files: result.outputFiles.map(({ path, contents }) => ({ path: nameOf(path), content: contents })),
    main: nameOf(main),
    style: style === undefined ? null : nameOf(style),
    first: neededAtOnce(outputs, main).map(nameOf),
  };
}
