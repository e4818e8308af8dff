import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupRecord } from '../../../contract/backup.ts';
import { OpError, type Outcome } from '../../../contract/errors.ts';
import type { AuditHeadInBackup, EngineDeps, RepositoryListing, RepositoryRef } from '../port.ts';
import { keyFingerprint } from '../archive/crypto.ts';
import { replaceDurably } from '../archive/durable-write.ts';
import { messageOf } from '../archive/errno.ts';
import { asOutcome } from '../archive/repository.ts';
import { readSpace } from '../space.ts';
import {
  componentTag,
  idTag,
  manifestName,
  manifestTag,
  parseManifest,
  recordOfManifest,
  serviceTag,
  type ResticManifest,
} from './manifest.ts';
import { readSnapshots, type Snapshot } from './output.ts';
import { runSound, shortTimeoutMs } from './run.ts';
import { storeKey, storeOf, type ResticStore } from './store.ts';

const maxDamaged = 100;
/** About 500 bytes a snapshot. */
const listBytes = 64 * 2 ** 20;
const manifestBytes = 4 * 2 ** 20;

/** A backup as a repository holds it. */
export interface StoredBackup {
  readonly manifest: ResticManifest;
  readonly record: BackupRecord;
  /** Id of the manifest's snapshot. */
  readonly manifestSnapshot: string;
  /** Snapshot by component. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
}

interface KnownListing {
  /** Names in the folder `snapshots` of a local repository: as long as they are the same, so is what they say. */
  readonly stamp: string | null;
  readonly snapshots: readonly Snapshot[];
}

/** What was read before, for each store. A snapshot never changes: its id is its hash. */
export interface ResticCache {
  readonly listings: Map<string, KnownListing>;
  /** Text by store and id of the manifest's snapshot. */
  readonly manifests: Map<string, string>;
}

export function createCache(): ResticCache {
  return { listings: new Map(), manifests: new Map() };
}

/** Every snapshot of Genesis. Throws `repository_unreadable`, `key_wrong`. */
export async function listSnapshots(
  deps: EngineDeps,
  cache: ResticCache,
  store: ResticStore,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const key = storeKey(store);
  const stamp = await stampOf(store);
  const known = cache.listings.get(key);
  if (known !== undefined && stamp !== null && known.stamp === stamp) return known.snapshots;
  const snapshots = (await askSnapshots(deps, store, [], signal)).filter(
    (s) => s.tags?.some((tag) => tag.startsWith('genesis=')) === true,
  );
  cache.listings.set(key, { stamp, snapshots });
  return snapshots;
}

export async function askSnapshots(
  deps: EngineDeps,
  store: ResticStore,
  filter: readonly string[],
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const result = await runSound(
    deps,
    store,
    {
      args: ['snapshots', '--json', '--no-lock', ...filter],
      signal,
      timeoutMs: shortTimeoutMs,
      maxOutputBytes: listBytes,
    },
    'listing snapshots',
    'repository_unreadable',
  );
  const snapshots = result.truncated ? null : readSnapshots(result.stdout);
  if (snapshots === null)
    throw new OpError('repository_unreadable', `${store.url}: restic answered no list of snapshots`);
  return snapshots;
}

/** Null: not local, or the folder cannot be read; then restic itself says why. */
async function stampOf(store: ResticStore): Promise<string | null> {
  if (store.place.remote !== null) return null;
  const names = await readdir(join(store.place.path, 'snapshots')).catch(() => null);
  return names === null ? null : createHash('sha256').update(names.sort().join('\n')).digest('hex');
}

function tagValue(snapshot: Snapshot, name: string): string | null {
  return snapshot.tags?.find((tag) => tag.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}

export function isManifest(snapshot: Snapshot): boolean {
  return snapshot.tags?.includes(manifestTag) === true;
}

/** From memory, from the folder of the engine's files, or from the repository, in this order. */
async function readManifest(
  deps: EngineDeps,
  cache: ResticCache,
  store: ResticStore,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<string> {
  const key = `${storeKey(store)}/${snapshot.id}`;
  const known = cache.manifests.get(key);
  if (known !== undefined) return known;
  const folder = join(store.ref.folder, 'restic-manifests');
  const file = join(folder, `${snapshot.id}.json`);
  const kept = await readFile(file, 'utf8').catch(() => null);
  const text = kept ?? (await dumpManifest(deps, store, snapshot, signal));
  if (kept === null) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await replaceDurably(file, Buffer.from(text, 'utf8'));
  }
  cache.manifests.set(key, text);
  return text;
}

async function dumpManifest(
  deps: EngineDeps,
  store: ResticStore,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<string> {
  const result = await runSound(
    deps,
    store,
    {
      args: ['dump', '--no-lock', snapshot.id, `/${manifestName}`],
      signal,
      timeoutMs: shortTimeoutMs,
      maxOutputBytes: manifestBytes,
    },
    'reading a manifest',
    'backup_corrupt',
  );
  return result.stdout;
}

/** The backup behind a manifest's snapshot. Throws `backup_corrupt`, `format_unknown`, repository errors. */
async function storedOf(
  deps: EngineDeps,
  cache: ResticCache,
  repository: RepositoryRef,
  store: ResticStore,
  all: readonly Snapshot[],
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<StoredBackup> {
  const id = tagValue(snapshot, 'genesis') ?? '';
  const text = await readManifest(deps, cache, store, snapshot, signal);
  const manifest = parseManifest(text, id);
  if (manifest.id !== id) throw new OpError('backup_corrupt', `${id}: its manifest is that of ${manifest.id}`);
  const snapshots = new Map<string, Snapshot>();
  for (const component of manifest.components) {
    const found = all.find((s) => isOf(s, component.snapshot) && hasTags(s, idTag(id), componentTag(component.name)));
    if (found === undefined)
      throw new OpError('backup_corrupt', `${id}: the snapshot of component ${component.name} is missing`);
    const lacking = component.roots.find((root) => !found.paths.includes(root.resolved));
    if (lacking !== undefined) throw new OpError('backup_corrupt', `${id}: ${lacking.path} is not in its snapshot`);
    snapshots.set(component.name, found);
  }
  const fingerprint = repository.key === null ? null : keyFingerprint(repository.key);
  return { manifest, record: recordOfManifest(text, manifest, fingerprint), manifestSnapshot: snapshot.id, snapshots };
}

/** `id` as restic told it, short before 0.17; a copy has an id of its own and names the one it was made from. */
function isOf(snapshot: Snapshot, id: string): boolean {
  return (snapshot.original ?? snapshot.id).startsWith(id);
}

export function hasTags(snapshot: Snapshot, ...tags: readonly string[]): boolean {
  return tags.every((tag) => snapshot.tags?.includes(tag) === true);
}

/** See `BackupEngine.inspect`. A local repository that has not changed is not asked again. */
export function inspectStore(
  deps: EngineDeps,
  cache: ResticCache,
  repository: RepositoryRef,
  service: string | null,
  signal: AbortSignal,
): Promise<Outcome<RepositoryListing>> {
  return asOutcome(async () => {
    const store = storeOf(repository);
    const all = await listSnapshots(deps, cache, store, signal);
    const manifests = all.filter((s) => isManifest(s) && (service === null || hasTags(s, serviceTag(service))));
    const records = new Map<string, BackupRecord>();
    const damaged: { backupId: string; message: string }[] = [];
    for (const snapshot of manifests) {
      try {
        const { record } = await storedOf(deps, cache, repository, store, all, snapshot, signal);
        records.set(record.id, record);
      } catch (thrown) {
        if (!(thrown instanceof OpError) || !['backup_corrupt', 'format_unknown'].includes(thrown.code)) throw thrown;
        if (damaged.length < maxDamaged)
          damaged.push({ backupId: tagValue(snapshot, 'genesis') ?? '', message: messageOf(thrown) });
      }
    }
    return {
      records: [...records.values()].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1)),
      damaged,
      ...(await spaceOf(store)),
      keyFingerprint: repository.key === null ? null : keyFingerprint(repository.key),
    };
  });
}

async function spaceOf(store: ResticStore): Promise<{ freeBytes: number | null; totalBytes: number | null }> {
  if (store.place.remote !== null) return { freeBytes: null, totalBytes: null };
  const space = await readSpace(store.place.path);
  if (!space.ok) throw space.error;
  return space.value;
}

/** Throws `backup_unknown`, `backup_corrupt`, `format_unknown`, repository errors. */
export async function loadBackup(
  deps: EngineDeps,
  cache: ResticCache,
  repository: RepositoryRef,
  id: string,
  signal: AbortSignal,
): Promise<StoredBackup & { readonly store: ResticStore }> {
  const store = storeOf(repository);
  const all = await listSnapshots(deps, cache, store, signal);
  const snapshot = all.find((s) => isManifest(s) && hasTags(s, idTag(id)));
  if (snapshot === undefined) throw new OpError('backup_unknown', `${store.url} holds no backup ${id}`);
  return { store, ...(await storedOf(deps, cache, repository, store, all, snapshot, signal)) };
}

/** See `BackupEngine.auditHeads`. */
export function auditHeadsOf(
  deps: EngineDeps,
  cache: ResticCache,
  repository: RepositoryRef,
  service: string,
): Promise<Outcome<readonly AuditHeadInBackup[]>> {
  return asOutcome(async () => {
    const signal = new AbortController().signal;
    const listing = await inspectStore(deps, cache, repository, service, signal);
    if (!listing.ok) throw listing.error;
    const heads: AuditHeadInBackup[] = [];
    for (const { id } of listing.value.records) {
      const { auditHead } = (await loadBackup(deps, cache, repository, id, signal)).manifest;
      if (auditHead !== null) heads.push({ backupId: id, head: auditHead });
    }
    return heads;
  });
}

/** What was kept of a manifest that is gone. */
export async function forgetManifest(cache: ResticCache, store: ResticStore, snapshot: string): Promise<void> {
  cache.manifests.delete(`${storeKey(store)}/${snapshot}`);
  await rm(join(store.ref.folder, 'restic-manifests', `${snapshot}.json`), { force: true });
}
