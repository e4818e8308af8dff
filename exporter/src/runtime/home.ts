import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fail, ok, toOpError, type Outcome } from '../contract/errors.ts';

/** Where everything of one installation stands. */
export interface Home {
  readonly path: string;
  readonly configFile: string;
  readonly stateFile: string;
  readonly tokensFolder: string;
  readonly addressFile: string;
  readonly restoresFolder: string;
  readonly drillsFolder: string;
  readonly repositoryFolder: string;
  readonly demoDataFolder: string;
}

export function homeAt(path: string): Home {
  return {
    path,
    configFile: join(path, 'genesis.yaml'),
    stateFile: join(path, 'state', 'genesis.db'),
    tokensFolder: join(path, 'tokens'),
    addressFile: join(path, 'run', 'address'),
    restoresFolder: join(path, 'restores'),
    drillsFolder: join(path, 'drills'),
    repositoryFolder: join(path, 'repository'),
    demoDataFolder: join(path, 'demo-data'),
  };
}

/** Creates the folders (0700) where missing. Errors: `home_unusable`. */
export function prepareHome(home: Home): Outcome<void> {
  try {
    for (const folder of [
      home.path,
      dirname(home.stateFile),
      home.tokensFolder,
      dirname(home.addressFile),
      home.restoresFolder,
      home.drillsFolder,
    ]) {
      makeFolders(folder);
    }
    const seen = lstatSync(home.path);
    const uid = process.getuid?.() ?? seen.uid;
    if (seen.uid === uid && (seen.mode & 0o077) !== 0) chmodSync(home.path, 0o700);
    accessSync(home.path, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(undefined);
  } catch (thrown) {
    return fail('home_unusable', `the home ${home.path} cannot be used: ${toOpError(thrown).message}`, {
      cause: thrown,
    });
  }
}

/** Node's own recursive mkdir never ends below a folder such as /proc that answers ENOENT to every new name. */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolders(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (thrown) {
    // Somebody else made it between the two calls.
    if (!existsSync(path)) throw thrown;
  }
}

export interface HomeLock {
  release(): void;
}

/**
 * One genesis a home. The lock is SQLite's own exclusive lock on a small file: the kernel lets go of it when the process
 * dies, however it dies, so there is no stale lock to clean up. Errors: `home_locked`.
 */
export function lockHome(home: Home): Outcome<HomeLock> {
  const file = join(home.path, 'run', 'lock');
  const pidFile = join(home.path, 'run', 'pid');
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file, { timeout: 200 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;');
  } catch (thrown) {
    database?.close();
    if (!/locked|busy/i.test(String(thrown)))
      return fail('home_unusable', `the lock ${file} cannot be taken: ${toOpError(thrown).message}`, { cause: thrown });
    return fail('home_locked', `another genesis${readPid(pidFile)} already runs on the home ${home.path}`);
  }
  const held = database;
  writeAtomically(pidFile, `${process.pid}\n`, 0o600);
  return ok({
    release: () => {
      rmSync(pidFile, { force: true });
      held.close();
    },
  });
}

function readPid(pidFile: string): string {
  try {
    return ` (process ${readFileSync(pidFile, 'utf8').trim()})`;
  } catch {
    // The other one is just starting and has not written it yet; the sentence is true without it.
    return '';
  }
}

/** Temporary name, fsync, rename: a reader sees the old or the new text, never half. */
export function writeAtomically(path: string, content: string, mode: number): void {
  const temporary = `${path}.tmp-${process.pid}`;
  const fd = openSync(temporary, 'w', mode);
  try {
    writeSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
}
