import { lstat, readFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupRecord } from '../../../contract/backup.ts';
import { OpError, ok, type Outcome } from '../../../contract/errors.ts';
import type { AuditHeadInBackup, RepositoryListing, RepositoryRef } from '../port.ts';
import { keyFingerprint, manifestMacKey } from '../archive/crypto.ts';
import { exists, syncFolder } from '../archive/durable-write.ts';
import { errnoOf, messageOf } from '../archive/errno.ts';
import { isBackupId, isSafeName, partialPrefix } from '../archive/layout.ts';
import { isOpenPartial } from '../archive/partials.ts';
import { asOutcome, writeKey } from '../archive/repository.ts';
import { readSpace } from '../space.ts';
import { dumpFolder, dumpsFolder, manifestFile, serviceDumps, stagingPrefix } from './layout.ts';
import { parseDumpManifest, recordOfDump, type DumpManifest } from './manifest.ts';

const maxDamaged = 100;

/** Records by manifest path: `inspect` runs on every tick, a manifest never changes. */
export type DumpCache = Map<string, { readonly stamp: string; readonly record: BackupRecord }>;

/** A backup as it stands in a repository. */
export interface StoredDump {
  readonly folder: string;
  readonly key: Buffer | null;
  readonly manifest: DumpManifest;
  readonly checksum: string;
}

/** Empty for a folder that is not there. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return [];
    throw new OpError('repository_unreadable', `cannot list ${folder}: ${messageOf(cause)}`, { cause });
  }
}

async function listDumps(repository: string, service: string | null): Promise<{ folder: string; id: string }[]> {
  const services = service === null ? await namesIn(join(repository, dumpsFolder)) : [service];
  const found: { folder: string; id: string }[] = [];
  for (const name of services.filter(isSafeName)) {
    const ids = (await namesIn(serviceDumps(repository, name))).filter(isBackupId);
    found.push(...ids.map((id) => ({ folder: dumpFolder(repository, name, id), id })));
  }
  return found;
}

/** See `BackupEngine.inspect`. Costs one stat for each backup that it has seen before. */
export function inspectDumps(
  cache: DumpCache,
  repository: RepositoryRef,
  service: string | null,
  signal: AbortSignal,
): Promise<Outcome<RepositoryListing>> {
  return asOutcome(async () => {
    const key = await writeKey(repository);
    const macKey = key === null ? null : manifestMacKey(key);
    const records: BackupRecord[] = [];
    const damaged: { backupId: string; message: string }[] = [];
    for (const { folder, id } of await listDumps(repository.path, service)) {
      if (signal.aborted) throw new OpError('cancelled', 'cancelled before the repository was read to its end');
      try {
        records.push(await readRecord(cache, folder, id, macKey));
      } catch (thrown) {
        if (damaged.length < maxDamaged) damaged.push({ backupId: id, message: messageOf(thrown) });
      }
    }
    const space = await readSpace(repository.path);
    if (!space.ok) throw space.error;
    return {
      records: records.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1)),
      damaged,
      ...space.value,
      keyFingerprint: key === null ? null : keyFingerprint(key),
    };
  });
}

async function readRecord(cache: DumpCache, folder: string, id: string, macKey: Buffer | null): Promise<BackupRecord> {
  const path = join(folder, manifestFile);
  const stat = await lstat(path, { bigint: true }).catch((cause: unknown) => {
    cache.delete(path);
    throw errnoOf(cause) === 'ENOENT' ? new OpError('backup_corrupt', `${id}: the manifest is missing`) : cause;
  });
  const stamp = `${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}:${macKey === null ? '' : 'mac'}`;
  const cached = cache.get(path);
  if (cached?.stamp === stamp) return cached.record;
  const { manifest, checksum } = await readManifest(folder, id, macKey);
  const record = recordOfDump(manifest, checksum);
  cache.set(path, { stamp, record });
  return record;
}

async function readManifest(
  folder: string,
  id: string,
  macKey: Buffer | null,
): Promise<{ readonly manifest: DumpManifest; readonly checksum: string }> {
  const read = parseDumpManifest(await readFile(join(folder, manifestFile)), macKey, id);
  if (read.manifest.id === id) return read;
  throw new OpError('backup_corrupt', `${id}: its folder holds the manifest of ${read.manifest.id}`);
}

/** Throws `backup_unknown`, `backup_corrupt`, `format_unknown`, repository and key errors. */
export async function loadDump(repository: RepositoryRef, id: string): Promise<StoredDump> {
  const key = await writeKey(repository);
  const found = (await listDumps(repository.path, null)).find((b) => b.id === id);
  if (found === undefined) throw new OpError('backup_unknown', `${repository.path} holds no backup ${id}`);
  const macKey = key === null ? null : manifestMacKey(key);
  try {
    return { folder: found.folder, key, ...(await readManifest(found.folder, id, macKey)) };
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw cause;
    throw new OpError('backup_corrupt', `${id}: the manifest is missing`, { cause });
  }
}

/** See `BackupEngine.remove`. One rename takes it out of every listing, whatever happens while its files go. */
export function removeDump(cache: DumpCache, repository: RepositoryRef, id: string): Promise<Outcome<void>> {
  return asOutcome(async () => {
    await writeKey(repository);
    const found = (await listDumps(repository.path, null)).find((b) => b.id === id);
    if (found === undefined) throw new OpError('backup_unknown', `${repository.path} holds no backup ${id}`);
    const doomed = join(dirname(found.folder), `${partialPrefix}removed-${id}`);
    await rename(found.folder, doomed);
    await syncFolder(dirname(found.folder));
    cache.delete(join(found.folder, manifestFile));
    await rm(doomed, { recursive: true, force: true });
  });
}

/** See `BackupEngine.clean`: half written dumps, and clear text that a killed run left. */
export function cleanDumps(repository: RepositoryRef, signal: AbortSignal): Promise<Outcome<number>> {
  return asOutcome(async () => {
    await writeKey(repository);
    const leftovers: string[] = [];
    for (const service of (await namesIn(join(repository.path, dumpsFolder))).filter(isSafeName)) {
      const folder = serviceDumps(repository.path, service);
      leftovers.push(...(await namesIn(folder)).filter((n) => n.startsWith(partialPrefix)).map((n) => join(folder, n)));
    }
    const engineFolder = repository.product?.folder;
    if (engineFolder !== undefined) {
      const staged = (await namesIn(engineFolder)).filter((n) => n.startsWith(stagingPrefix));
      leftovers.push(...staged.map((n) => join(engineFolder, n)));
    }
    let removed = 0;
    for (const path of leftovers) {
      if (signal.aborted) throw new OpError('cancelled', 'cancelled before all leftovers were removed');
      if (isOpenPartial(path) || !(await exists(path))) continue;
      await rm(path, { recursive: true, force: true });
      removed += 1;
    }
    return removed;
  });
}

/** See `BackupEngine.auditHeads`. Damaged manifests are left out: they vouch for nothing. */
export async function auditHeadsOfDumps(
  cache: DumpCache,
  repository: RepositoryRef,
  service: string,
): Promise<Outcome<readonly AuditHeadInBackup[]>> {
  const listing = await inspectDumps(cache, repository, service, new AbortController().signal);
  if (!listing.ok) return listing;
  const heads: AuditHeadInBackup[] = [];
  for (const { id } of listing.value.records) {
    const loaded = await asOutcome(() => loadDump(repository, id));
    if (!loaded.ok) return loaded;
    const { auditHead } = loaded.value.manifest;
    if (auditHead !== null) heads.push({ backupId: id, head: auditHead });
  }
  return ok(heads);
}
