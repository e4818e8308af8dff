import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OpError, type Outcome } from '../../../contract/errors.ts';
import type { EngineDeps, RepositoryProbe, RepositoryRef } from '../port.ts';
import { errnoOf, messageOf } from '../archive/errno.ts';
import { asOutcome } from '../archive/repository.ts';
import { readSpace } from '../space.ts';
import { errorOf, runRestic, runSound, shortTimeoutMs } from './run.ts';
import { bothEnvironments, storeKey, storeOf, type ResticStore } from './store.ts';

const configFile = 'config';
const harmless = new Set(['lost+found']);

async function isLocalReady(path: string): Promise<boolean> {
  return access(join(path, configFile)).then(
    () => true,
    () => false, // absent and closed to us come to the same: it cannot be used
  );
}

/** See `BackupEngine.probe`. A folder is only looked at; a remote store is asked for its configuration. */
export function probeStore(
  deps: EngineDeps,
  repository: RepositoryRef,
  signal: AbortSignal,
): Promise<Outcome<RepositoryProbe>> {
  return asOutcome(async () => {
    const store = storeOf(repository);
    if (store.place.remote === null) {
      const isReady = await isLocalReady(store.place.path);
      const space = await readSpace(store.place.path);
      if (!space.ok) throw space.error;
      return { state: isReady ? 'ready' : 'empty', ...space.value };
    }
    const state = (await askConfig(deps, store, signal)) ? 'ready' : 'empty';
    return { state, freeBytes: null, totalBytes: null };
  });
}

/** Whether there is a repository that this password opens. Throws `repository_unreadable`, `key_wrong`. */
async function askConfig(deps: EngineDeps, store: ResticStore, signal: AbortSignal): Promise<boolean> {
  const result = await runRestic(deps, store, {
    args: ['cat', 'config', '--no-lock'],
    signal,
    timeoutMs: shortTimeoutMs,
  });
  if (result.exitCode === 0) return true;
  if (isAbsent(result.stderr)) return false;
  throw errorOf(store, result, 'opening the repository', 'repository_unreadable');
}

/** The store answered, and there is nothing: what each kind of store says then. */
function isAbsent(stderr: string): boolean {
  if (!/Is there a repository at the following location/.test(stderr)) return false;
  return /no such file|does not exist|not found|NoSuchKey|NoSuchBucket|BlobNotFound|404/i.test(stderr);
}

/** Stores that this process has opened with their passphrase: asking again before each backup would cost it half a second. */
const opened = new Set<string>();

/** See `BackupEngine.prepare`. A copy takes over how the primary one cuts files, so that what is copied is stored once. */
export function prepareStore(deps: EngineDeps, repository: RepositoryRef, signal: AbortSignal): Promise<Outcome<void>> {
  return asOutcome(async () => {
    const store = storeOf(repository);
    const isNew = store.place.remote === null && !(await isLocalReady(store.place.path));
    if (!isNew && (opened.has(storeKey(store)) || (await askConfig(deps, store, signal)))) {
      opened.add(storeKey(store));
      return;
    }
    if (isNew) await refuseForeign(store.place.path);
    const like = await likePrimary(deps, repository, store, signal);
    await runSound(
      deps,
      store,
      { args: ['init', ...like.args], signal, timeoutMs: shortTimeoutMs, environment: like.environment },
      'creating the repository',
      'repository_unreadable',
    );
  });
}

async function refuseForeign(path: string): Promise<void> {
  try {
    const names = (await readdir(path)).filter((name) => !harmless.has(name));
    if (names.length > 0)
      throw new OpError('repository_foreign', `${path} holds ${names[0]} and is no restic repository`);
  } catch (thrown) {
    if (thrown instanceof OpError || errnoOf(thrown) === 'ENOENT') {
      if (thrown instanceof OpError) throw thrown;
      return;
    }
    throw new OpError('repository_unreadable', `cannot read ${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

interface LikePrimary {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

async function likePrimary(
  deps: EngineDeps,
  repository: RepositoryRef,
  store: ResticStore,
  signal: AbortSignal,
): Promise<LikePrimary> {
  const plain: LikePrimary = { args: [], environment: {} };
  if (store.ref.index === 0) return plain;
  const primary = storeOf({ ...repository, product: { ...store.ref, index: 0 } });
  try {
    const environment = bothEnvironments(primary, store);
    if (!(await askConfig(deps, primary, signal))) return plain;
    return { args: ['--from-repo', primary.url, '--copy-chunker-params'], environment };
  } catch (thrown) {
    // Only a saving: a copy that cuts files elsewhere is as good.
    if (thrown instanceof OpError && thrown.code !== 'cancelled') return plain;
    throw thrown;
  }
}

/** Removes locks of dead runs of this machine. */
export async function unlock(deps: EngineDeps, store: ResticStore, signal: AbortSignal): Promise<void> {
  await runSound(
    deps,
    store,
    { args: ['unlock'], signal, timeoutMs: shortTimeoutMs },
    'removing stale locks',
    'repository_unreadable',
  );
}
