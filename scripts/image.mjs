// Fills a folder with what the container image holds: `node scripts/image.mjs OUT`. The Dockerfile runs this, and so does a test without
// Docker. OUT gets node_modules with production dependencies only, in the versions of package-lock.json, and the health check.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ensureDependencies } from './lib/dependencies.mjs';
import { runNpm } from './lib/npm.mjs';
import { root } from './lib/places.mjs';
import { BootstrapError, say, since } from './lib/say.mjs';

const node = { path: process.execPath, binFolder: dirname(process.execPath), version: process.version };

async function main([target]) {
  if (target === undefined) throw new BootstrapError('name the folder to fill: node scripts/image.mjs OUT', 2);
  const out = resolve(target);
  if (existsSync(out) && readdirSync(out).length > 0) throw new BootstrapError(`${out} is not empty`, 2);
  const started = performance.now();
  await ensureDependencies(node);
  const work = mkdtempSync(join(tmpdir(), 'genesis-image-'));
  try {
    const tarball = makePackage(work);
    installPackage(tarball, out);
    copyFileSync(join(root, 'scripts/image-health.mjs'), join(out, 'health.mjs'));
    chmodSync(join(out, 'health.mjs'), 0o755);
    const version = tryIt(out);
    say(`filled ${out} with genesis ${version} in ${since(started)}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function makePackage(folder) {
  const made = spawnSync(process.execPath, [join(root, 'scripts/package.mjs'), '--out', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (made.status !== 0) throw new BootstrapError('the package could not be made');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball');
}

function installPackage(tarball, out) {
  mkdirSync(out, { recursive: true });
  const manifest = {
    private: true,
    dependencies: { '@genesis-dr/exporter': `file:${tarball}` },
    overrides: lockedVersions(),
  };
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const args = ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const installed = runNpm(node, args, { cwd: out });
  if (installed.status !== 0) throw new BootstrapError(`npm install failed: ${installed.stderr.trim()}`);
  // They name the tarball, which is not part of the image.
  for (const name of ['package.json', 'package-lock.json']) rmSync(join(out, name), { force: true });
  rmSync(join(out, 'node_modules/.package-lock.json'), { force: true });
}

/** A tarball carries no lock file, so what its dependencies depend on would be whatever is newest on that day. */
function lockedVersions() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const direct = new Set(Object.keys(productionDependencies()));
  const versions = new Map();
  for (const [path, { version, dev, link }] of Object.entries(packages)) {
    // Another version that only the development of this project needs may stand above, and is none of the image's.
    if (!path.startsWith('node_modules/') || dev === true || link === true) continue;
    const isTop = path.lastIndexOf('node_modules/') === 0;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const seen = versions.get(name) ?? { top: null, nested: new Set() };
    if (isTop) seen.top = version;
    else seen.nested.add(version);
    versions.set(name, seen);
  }
  const chosen = [...versions].flatMap(([name, { top, nested }]) => {
    const [only, another] = nested;
    const one = top ?? (another === undefined ? only : undefined);
    return direct.has(name) || one === undefined ? [] : [[name, one]];
  });
  return Object.fromEntries(chosen);
}

/** Those are pinned by the package itself, and npm refuses to override them. */
function productionDependencies() {
  const folders = ['exporter', 'rules', 'alertmanager', 'dashboards', 'provisioning'];
  return Object.assign(
    {},
    ...folders.map((name) => JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8')).dependencies),
  );
}

/** A folder that only looks complete is worse than a failed build. */
function tryIt(out) {
  const ran = spawnSync(
    process.execPath,
    [join(out, 'node_modules/@genesis-dr/exporter/bin/genesis.mjs'), '--version'],
    {
      encoding: 'utf8',
      cwd: out,
    },
  );
  if (ran.status !== 0) throw new BootstrapError(`what was installed does not run: ${ran.stderr.trim()}`);
  return ran.stdout.trim();
}

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  if (!(thrown instanceof BootstrapError)) throw thrown;
  process.stderr.write(`genesis: ${thrown.message}\n`);
  process.exitCode = thrown.exitCode;
}
