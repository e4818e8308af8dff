import type { Outcome } from '../../../contract/errors.ts';
import type { EngineDeps, RepositoryRef } from '../port.ts';
import { asOutcome } from '../archive/repository.ts';
import { askSnapshots, forgetManifest, hasTags, isManifest, loadBackup, type ResticCache } from './catalogue.ts';
import { serviceTag } from './manifest.ts';
import type { Snapshot } from './output.ts';
import { unlock } from './repository.ts';
import { longTimeoutMs, runSound, shortTimeoutMs } from './run.ts';
import { storeOf, type ResticStore } from './store.ts';

/** Backups that this process is making at the moment: `clean` takes only what died with another. */
const open = new Set<string>();

/** Marks the backup as being made; call the result when it is not any more. */
export function leaveOpen(store: ResticStore, id: string): () => void {
  const key = `${store.url}\0${id}`;
  open.add(key);
  return () => {
    open.delete(key);
  };
}

/** How much unused data a removal may leave in packs, and how much it rewrites at most: a removal must end. */
const pruneBounds = ['--max-unused=10%', '--max-repack-size=2G'];

/** See `BackupEngine.remove`: the manifest's snapshot first; then the others, with what nobody else uses. */
export function removeBackup(
  deps: EngineDeps,
  cache: ResticCache,
  repository: RepositoryRef,
  id: string,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  return asOutcome(async () => {
    const stored = await loadBackup(deps, cache, repository, id, signal);
    const { store } = stored;
    const forget = (args: readonly string[], timeoutMs: number): Promise<unknown> =>
      runSound(deps, store, { args: ['forget', ...args], signal, timeoutMs }, `removing ${id}`, 'io_failed');
    await forget([stored.manifestSnapshot], shortTimeoutMs);
    await forgetManifest(cache, store, stored.manifestSnapshot);
    await forget([...[...stored.snapshots.values()].map((s) => s.id), '--prune', ...pruneBounds], longTimeoutMs);
  });
}

/** Snapshots of this service whose manifest never came. Pure. */
export function orphans(
  snapshots: readonly Snapshot[],
  service: string,
  host: string,
  isOpen: (id: string) => boolean,
): readonly Snapshot[] {
  const ours = snapshots.filter((s) => s.hostname === host && hasTags(s, serviceTag(service)));
  const finished = new Set(ours.filter(isManifest).map(idOf));
  return ours.filter((s) => {
    const id = idOf(s);
    return id !== null && !finished.has(id) && !isOpen(id);
  });
}

function idOf(snapshot: Snapshot): string | null {
  return snapshot.tags?.find((tag) => tag.startsWith('genesis='))?.slice('genesis='.length) ?? null;
}

/** See `BackupEngine.clean`: locks of dead runs, and snapshots of backups that were cut off. What they hold goes with the next removal. */
export function cleanStore(deps: EngineDeps, repository: RepositoryRef, signal: AbortSignal): Promise<Outcome<number>> {
  return asOutcome(async () => {
    const store = storeOf(repository);
    await unlock(deps, store, signal);
    const all = await askSnapshots(deps, store, [], signal);
    const left = orphans(all, store.ref.service, store.settings.host, (id) => open.has(`${store.url}\0${id}`));
    if (left.length === 0) return 0;
    const args = ['forget', ...left.map((s) => s.id)];
    await runSound(deps, store, { args, signal, timeoutMs: shortTimeoutMs }, 'removing leftovers', 'io_failed');
    return left.length;
  });
}
