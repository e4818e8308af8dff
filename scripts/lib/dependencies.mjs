import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { runNpm } from './npm.mjs';
import { root } from './places.mjs';
import { BootstrapError, say, since } from './say.mjs';

const stampFile = join(root, 'node_modules', '.genesis-installed');
const lockFile = join(root, 'package-lock.json');

/** Installs exactly what package-lock.json says, when something else or nothing is installed. */
export async function ensureDependencies(node) {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (isInstalled(wanted)) return;
  await withLock(join(root, '.cache', 'install.lock'), 'installing the dependencies', () => {
    if (!isInstalled(wanted)) install(node, wanted);
  });
}

function isInstalled(wanted) {
  if (readOrNull(stampFile) === wanted) return true;
  // Somebody ran npm themselves: what npm wrote down as installed counts as well.
  if (!matchesLock()) return false;
  writeStamp(wanted);
  return true;
}

function matchesLock() {
  const hidden = readOrNull(join(root, 'node_modules', '.package-lock.json'));
  return hidden !== null && sameVersions(JSON.parse(readFileSync(lockFile, 'utf8')), JSON.parse(hidden));
}

/** Every package of the lock file is installed in its version; those of other platforms are allowed to be absent. */
export function sameVersions(lock, installed) {
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true;
    const found = installed.packages[path];
    if (found === undefined) return wanted.optional === true;
    return found.link === true ? wanted.link === true : found.version === wanted.version;
  });
}

function install(node, wanted) {
  const started = performance.now();
  const why = existsSync(stampFile) ? 'the dependencies changed' : 'first run here';
  say(`${why}: installing the dependencies (a minute or two)`);
  // Not `npm ci`: it refuses the lock file where a registry does not carry the optional packages of other platforms
  // (npm 11: "Missing: … from lock file"). --no-save leaves the lock file as it is, and what was installed is compared with it.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const installed = runNpm(node, args, { cwd: root, inheritOutput: true });
  if (installed.status !== 0) throw new BootstrapError('the dependencies could not be installed; npm said why above');
  if (!matchesLock())
    throw new BootstrapError(
      'npm installed other versions than package-lock.json names; remove node_modules and try again',
    );
  writeStamp(wanted);
  say(`installed the dependencies in ${since(started)}`);
}

function writeStamp(wanted) {
  try {
    writeFileSync(stampFile, wanted);
  } catch (thrown) {
    // A checkout that is read-only works too; it is only compared anew each time.
    if (thrown.code !== 'EACCES' && thrown.code !== 'EROFS' && thrown.code !== 'EPERM') throw thrown;
  }
}

function readOrNull(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR') return null;
    throw thrown;
  }
}
