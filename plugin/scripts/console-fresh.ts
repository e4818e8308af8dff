// Builds the app and its host pages where their sources have changed since: `node plugin/scripts/console-fresh.ts [--host 12|13]...`
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const pluginFolder = fileURLToPath(new URL('..', import.meta.url));
const root = resolve(pluginFolder, '..');
const thirteen = join(pluginFolder, 'hosts/13');

interface Part {
  readonly name: string;
  readonly out: string;
  /** Files and folders whose content decides whether `out` is what a build would make. */
  readonly inputs: readonly string[];
  readonly build: () => Promise<void> | void;
}

function filesOf(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.stamp')
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** One hash over names and contents; tests beside the sources do not count. */
export function stampOf(inputs: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap(filesOf)) {
    if (/\.test\.tsx?$/.test(file)) continue;
    hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function runNode(args: readonly string[]): void {
  const ran = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (ran.status !== 0) throw new Error(`node ${args.join(' ')} failed`);
}

interface Npm {
  runNpm(node: object, args: readonly string[], o: { cwd: string; inheritOutput: boolean }): { status: number | null };
}

interface Lock {
  withLock(file: string, what: string, work: () => Promise<void>): Promise<void>;
}

// Variables: the scripts that also run on an old Node have no types.
const npmScript: string = '../../scripts/lib/npm.mjs';
const lockScript: string = '../../scripts/lib/lock.mjs';

async function installThirteen(): Promise<void> {
  const { runNpm } = (await import(npmScript)) as Npm;
  const node = { path: process.execPath, binFolder: dirname(process.execPath), version: process.version };
  const args = ['ci', '--no-workspaces', '--ignore-scripts', '--loglevel=error'];
  const installed = runNpm(node, args, { cwd: thirteen, inheritOutput: true });
  if (installed.status !== 0) throw new Error('the packages of the host 13 could not be installed');
}

const at = (...paths: readonly string[]): readonly string[] => paths.map((path) => join(pluginFolder, path));
const dependencies = [...at('package.json'), join(root, 'package-lock.json')];
const app: Part = {
  name: 'app',
  out: join(pluginFolder, 'dist'),
  inputs: [
    ...at('src', '.config', 'img', 'README.md', 'CHANGELOG.md'),
    join(root, 'exporter/src/contract'),
    join(root, 'dashboards/generated'),
    ...dependencies,
  ],
  build: () => runNode(['plugin/.config/build.ts']),
};
const hostInputs = at(
  'dist',
  'console',
  ...['', '-bundle', '-files', '-output'].map((part) => `scripts/console${part}.ts`),
);
const hosts: Readonly<Record<string, Part>> = {
  12: {
    name: 'console',
    out: join(pluginFolder, 'dist-console'),
    inputs: [...hostInputs, ...dependencies],
    build: () => runNode(['plugin/scripts/console.ts']),
  },
  13: {
    name: 'host page of Grafana 13',
    out: join(thirteen, 'dist'),
    inputs: [...hostInputs, join(thirteen, 'package-lock.json')],
    build: async () => {
      if (!existsSync(join(thirteen, 'node_modules/@grafana/ui'))) await installThirteen();
      runNode(['plugin/scripts/console.ts', '--modules', thirteen, '--out', join(thirteen, 'dist')]);
    },
  },
};

/** Whether something was built. The stamp stands beside the build, so that throwing the build away forgets it too. */
async function refresh({ name, out, inputs, build }: Part): Promise<boolean> {
  const file = join(out, '.stamp');
  const stamp = stampOf(inputs);
  if (existsSync(file) && readFileSync(file, 'utf8') === stamp) return false;
  const started = performance.now();
  await build();
  writeFileSync(file, stamp);
  process.stderr.write(`built the ${name} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return true;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { host: { type: 'string', multiple: true, default: ['12'] } } });
  const wanted = values.host.map((name) => {
    const host = hosts[name];
    if (host === undefined) throw new Error(`there is no host ${name}; there are: ${Object.keys(hosts).join(', ')}`);
    return host;
  });
  const { withLock } = (await import(lockScript)) as Lock;
  // A start and a test may want the same build at the same time.
  await withLock(join(root, '.cache', 'console.lock'), 'building the console', async () => {
    for (const part of [app, ...wanted]) await refresh(part);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
