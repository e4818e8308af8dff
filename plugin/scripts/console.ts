// Builds the host page: the real @grafana packages, the built app and what the page needs, hashed and compressed, into one folder that
// the exporter serves at /console. `node plugin/scripts/console.ts [--out DIR] [--modules DIR] [--app DIR]`
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleHost } from './console-bundle.ts';
import { copyApp, copyFonts, iconBundle } from './console-files.ts';
import { compressAll, hashOf, pageOf, type Written } from './console-output.ts';

const pluginFolder = fileURLToPath(new URL('..', import.meta.url));

export interface HostBuild {
  /** Where manifest.json, index.html and assets/ go; made anew. */
  readonly out: string;
  /** Folder whose node_modules hold the @grafana packages. */
  readonly modules: string;
  /** The built app. */
  readonly app: string;
}

export interface HostReport {
  readonly out: string;
  readonly grafanaVersion: string;
  readonly files: number;
  /** Of everything that index.html asks for at once, brotli. */
  readonly firstPageBytes: number;
}

export const defaultBuild: HostBuild = {
  out: join(pluginFolder, 'dist-console'),
  modules: resolve(pluginFolder, '..'),
  app: join(pluginFolder, 'dist'),
};

/** Builds beside the old folder and takes its place in one step, so that a server never sees half a build. */
export async function buildHost(build: HostBuild): Promise<HostReport> {
  const making = `${build.out}.${process.pid}`;
  try {
    const report = await fillFolder({ ...build, out: making });
    rmSync(build.out, { recursive: true, force: true });
    renameSync(making, build.out);
    return { ...report, out: build.out };
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

async function fillFolder({ out, modules, app }: HostBuild): Promise<HostReport> {
  const assets = join(out, 'assets');
  mkdirSync(assets, { recursive: true });
  const written: Written[] = [];
  const write = (path: string, content: Uint8Array | string): void => {
    const file = join(assets, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    written.push({ path, file });
  };

  const appFolder = copyApp(app, write);
  const publicFolder = copyFonts(modules, write);
  const icons = JSON.stringify(iconBundle(modules));
  const iconsPath = `icons-${hashOf(icons)}.json`;
  write(iconsPath, icons);
  const at = (path: string): string => `/console/assets/${path}`;
  const facts = {
    meta: JSON.parse(readFileSync(join(app, 'plugin.json'), 'utf8')) as unknown,
    moduleUrl: at(`${appFolder}/module.js`),
    publicPath: at(`${publicFolder}/`),
    iconsUrl: at(iconsPath),
    grafanaVersion: versionOf(modules),
  };
  const bundle = await bundleHost({ console: join(pluginFolder, 'console'), modules, facts });
  for (const { path, content } of bundle.files) write(path, content);

  const { main, style } = bundle;
  const first = [...bundle.first, ...(style === null ? [] : [style]), `${appFolder}/module.js`, iconsPath];
  const page = pageOf({
    main: at(main),
    modules: bundle.first.map(at),
    style: style === null ? null : at(style),
    app: facts.moduleUrl,
    icons: facts.iconsUrl,
  });
  writeFileSync(join(out, 'index.html'), page);
  const sizes = await compressAll(written);
  const files = Object.fromEntries(sizes.map(({ path, type, encodings }) => [path, { type, encodings }]));
  writeFileSync(join(out, 'manifest.json'), `${JSON.stringify({ format: 1, page: 'index.html', files })}\n`);
  const firstPageBytes = sizes.filter(({ path }) => first.includes(path)).reduce((sum, { bytes }) => sum + bytes, 0);
  return { out, grafanaVersion: facts.grafanaVersion, files: sizes.length, firstPageBytes };
}

function versionOf(modules: string): string {
  const manifest = readFileSync(join(modules, 'node_modules/@grafana/ui/package.json'), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, modules: { type: 'string' }, app: { type: 'string' } },
  });
  const started = performance.now();
  const report = await buildHost({
    out: resolve(values.out ?? defaultBuild.out),
    modules: resolve(values.modules ?? defaultBuild.modules),
    app: resolve(values.app ?? defaultBuild.app),
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const kilobytes = Math.round(report.firstPageBytes / 1000);
  process.stdout.write(
    `built ${relative(process.cwd(), report.out)} with @grafana ${report.grafanaVersion}: ${report.files} files, ` +
      `first page ${kilobytes} kB compressed, in ${seconds} s\n`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
