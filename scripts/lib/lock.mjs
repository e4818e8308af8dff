import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BootstrapError, say } from './say.mjs';

const pollMs = 500;
const waitMaxMs = 15 * 60_000;

/** Runs `work` while no other run on this machine does the same. A folder is the lock (mkdir is atomic); a dead owner's is taken over. */
export async function withLock(folder, what, work) {
  const started = performance.now();
  let told = false;
  mkdirSync(dirname(folder), { recursive: true });
  while (!take(folder)) {
    if (!told) say(`another run is ${what}; waiting for it`);
    told = true;
    if (performance.now() - started > waitMaxMs)
      throw new BootstrapError(`another run holds ${folder} for too long; remove it if none is left`);
    await new Promise((wake) => setTimeout(wake, pollMs));
  }
  try {
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function take(folder) {
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'pid'), String(process.pid));
    return true;
  } catch (thrown) {
    if (thrown.code !== 'EEXIST') throw thrown;
  }
  if (!abandoned(folder)) return false;
  rmSync(folder, { recursive: true, force: true });
  return false;
}

/** The owner died; or it died between making the folder and writing its id, which takes no ten seconds. */
function abandoned(folder) {
  try {
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    if (Number.isInteger(pid) && pid > 0) return !isAlive(pid);
    return ageMs(folder) > 10_000;
  } catch {
    return ageMs(folder) > 10_000;
  }
}

function ageMs(folder) {
  const seen = statSync(folder, { throwIfNoEntry: false });
  return seen === undefined ? 0 : Date.now() - seen.mtimeMs;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown.code === 'EPERM';
  }
}
