// Makes what runs without a checkout, in dist/: the tarball of the exporter (plain JavaScript, the generators, the console) and the
// archive of the Grafana app.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { runNpm } from './lib/npm.mjs';
import { root } from './lib/places.mjs';
import { BootstrapError, say, since } from './lib/say.mjs';

const generators = ['rules', 'alertmanager', 'dashboards', 'provisioning'];
const left = /(^|\/)(testdata|testing)(\/|$)|\.(ts|txt|md)$/;

/** `npm run package [-- --out DIR]` */
async function main(args) {
  const started = performance.now();
  const out = resolve(root, args[0] === '--out' && args[1] !== undefined ? args[1] : 'dist');
  const staging = mkdtempSync(join(tmpdir(), 'genesis-package-'));
  try {
    buildApp();
    emit(staging);
    copyAssets(staging);
    rewriteWorkerUrls(staging);
    cpSync(join(root, 'plugin/dist-console'), join(staging, 'console'), { recursive: true, filter: notHidden });
    describePackage(staging);
    mkdirSync(out, { recursive: true });
    const packed = runNpm(currentNode(), ['pack', '--json', '--pack-destination', out], { cwd: staging });
    if (packed.status !== 0) throw new BootstrapError(`npm pack failed: ${packed.stderr.trim()}`);
    const [{ filename }] = JSON.parse(packed.stdout);
    const { zipApp } = await import('../plugin/scripts/zip.ts');
    const archive = zipApp({ app: join(root, 'plugin/dist'), out });
    say(`made ${filename} and ${basename(archive)} in ${since(started)}`);
    process.stdout.write(`${join(out, filename)}\n${archive}\n`);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The app and the console, where they are not fresh. */
function buildApp() {
  const script = join(root, 'plugin/scripts/console-fresh.ts');
  const built = spawnSync(process.execPath, [script], { cwd: root, stdio: ['ignore', 2, 2] });
  if (built.status !== 0) throw new BootstrapError('the Grafana app could not be built');
}

const notHidden = (path) => !basename(path).startsWith('.');

function currentNode() {
  return { path: process.execPath, binFolder: dirname(process.execPath), version: process.version };
}

/** Where each source folder stands in the package: as in exporter/, so that its relative places hold. */
const places = [['exporter', 'src'], ...generators.map((name) => [name, `generators/${name}`])];

function emit(staging) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const emitted = join(staging, 'emitted');
  const built = spawnSync(
    process.execPath,
    [tsc, '-p', join(root, 'scripts/tsconfig.package.json'), '--outDir', emitted],
    { cwd: root, encoding: 'utf8' },
  );
  if (built.status !== 0) throw new BootstrapError(`the sources do not compile:\n${built.stdout}`);
  for (const [from, to] of places) cpSync(join(emitted, from, 'src'), join(staging, to), { recursive: true });
  rmSync(emitted, { recursive: true });
}

/** Whatever is not TypeScript (style sheets, scripts of pages) goes along as it is. */
function copyAssets(staging) {
  for (const [folder, to] of places) {
    const from = join(root, folder, 'src');
    cpSync(from, join(staging, to), { recursive: true, filter: (path) => !left.test(relative(from, path)) });
  }
}

/** The compiler rewrites imports only; a worker is named by a URL. */
function rewriteWorkerUrls(staging) {
  for (const entry of readdirSync(staging, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue;
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, 'utf8');
    const rewritten = text.replaceAll(/(new URL\((['"])\.{1,2}\/[^'"\n]+)\.ts\2/g, '$1.js$2');
    if (rewritten !== text) writeFileSync(file, rewritten);
  }
}

/** package.json of the exporter, pointed at the JavaScript; the generators come along under #generators. */
function describePackage(staging) {
  const source = JSON.parse(readFileSync(join(root, 'exporter/package.json'), 'utf8'));
  const entry = (path) => ({ types: `./src/${path}.d.ts`, default: `./src/${path}.js` });
  const manifest = {
    ...source,
    imports: Object.fromEntries(generators.map((name) => [`#generators/${name}`, `./generators/${name}/index.js`])),
    exports: { './contract': entry('contract/index'), './config': entry('config/index') },
    files: ['bin', 'src', 'generators', 'console', 'config.example.yaml', 'README.md'],
    dependencies: { ...generatorDependencies(), ...source.dependencies },
  };
  delete manifest.private;
  delete manifest.devDependencies;
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  cpSync(join(root, 'exporter/bin'), join(staging, 'bin'), { recursive: true });
  for (const file of ['exporter/config.example.yaml', 'README.md', 'LICENSE']) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(staging, file.split('/').at(-1)));
  }
}

function generatorDependencies() {
  const all = generators.flatMap((name) =>
    Object.entries(JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8')).dependencies ?? {}),
  );
  return Object.fromEntries(all.filter(([name]) => !name.startsWith('@genesis-dr/')));
}

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  if (!(thrown instanceof BootstrapError)) throw thrown;
  process.stderr.write(`genesis: ${thrown.message}\n`);
  process.exitCode = thrown.exitCode;
}
