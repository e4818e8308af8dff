import { randomUUID } from 'node:crypto';
import { chmod, lstat, readFile, readdir, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupRecord } from '../../../contract/backup.ts';
import { OpError, ok, toOpError, type Outcome } from '../../../contract/errors.ts';
import type { Clock } from '../../../ports/index.ts';
import type { RepositoryListing, RepositoryRef } from '../port.ts';
import { keyFingerprint, manifestMacKey, sealScheme } from './crypto.ts';
import { exists, makeFolder, replaceDurably, syncFolder, temporaryPrefix } from './durable-write.ts';
import { errnoOf, messageOf } from './errno.ts';
import {
  backupFolder,
  backupsFolder,
  extrasFolder,
  formatVersion,
  isBackupId,
  isSafeName,
  manifestFile,
  markerFile,
  parseManifest,
  partialPrefix,
  recordOf,
  RepositoryMarker,
  serviceFolder,
} from './format.ts';
import { isOpenPartial } from './partials.ts';

/** Names in an otherwise empty folder that do not make it somebody else's. */
const harmless = new Set(['lost+found', temporaryPrefix + markerFile]);
const maxDamaged = 100;

/** Expected failures as values; anything else is a bug and goes on. */
export async function asOutcome<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return ok(await work());
  } catch (thrown) {
    if (thrown instanceof OpError) return { ok: false, error: thrown };
    if (errnoOf(thrown) !== null) return { ok: false, error: toOpError(thrown, 'io_failed') };
    throw thrown;
  }
}

function checkCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new OpError('cancelled', 'cancelled before the repository was read to its end');
}

/** Null where there is no marker. Throws `repository_unreadable`, `format_unknown`. */
export async function readMarker(path: string): Promise<RepositoryMarker | null> {
  const file = join(path, markerFile);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    const why = cause instanceof SyntaxError ? 'is damaged: it is not JSON' : `cannot be read: ${messageOf(cause)}`;
    throw new OpError('repository_unreadable', `${file} ${why}`, { cause });
  }
  const parsed = RepositoryMarker.safeParse(json);
  if (parsed.success) return parsed.data;
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
  if (typeof format === 'number' && format > formatVersion) {
    throw new OpError(
      'format_unknown',
      `${path} has repository format ${format}, this program knows up to ${formatVersion}`,
    );
  }
  throw new OpError('repository_unreadable', `${file} is damaged: it is not a repository marker`);
}

/** The key that fits, null for a plain repository. Throws `key_missing`, `key_wrong`; a key for a plain repository is wrong too. */
function fittingKey(repository: RepositoryRef, marker: RepositoryMarker): Buffer | null {
  const { path, key } = repository;
  if (marker.encryption === null) {
    if (key === null) return null;
    throw new OpError(
      'key_wrong',
      `${path} was created without encryption, and a key is configured: choose a new folder for sealed backups`,
    );
  }
  const wanted = marker.encryption.keyFingerprint;
  if (key === null)
    throw new OpError('key_missing', `${path} is encrypted with the key ${wanted}, and no key is configured`);
  const given = keyFingerprint(key);
  if (given !== wanted)
    throw new OpError('key_wrong', `${path} is encrypted with the key ${wanted}, the configured key is ${given}`);
  return key;
}

async function existingMarker(repository: RepositoryRef): Promise<RepositoryMarker> {
  const marker = await readMarker(repository.path);
  if (marker !== null) return marker;
  throw new OpError(
    'repository_unreadable',
    `${repository.path} is not a repository (it has no ${markerFile}); is it mounted?`,
  );
}

/** The key to write with. Throws `repository_unreadable`, `format_unknown`, `key_missing`, `key_wrong`. */
export async function writeKey(repository: RepositoryRef): Promise<Buffer | null> {
  return fittingKey(repository, await existingMarker(repository));
}

/** See `BackupEngine.prepare`. */
export function prepareRepository(clock: Clock, repository: RepositoryRef): Promise<Outcome<void>> {
  return asOutcome(async () => {
    const marker = await readMarkerOrForeign(repository.path);
    if (marker === null) await createRepository(clock, repository);
    else fittingKey(repository, marker);
  });
}

async function readMarkerOrForeign(path: string): Promise<RepositoryMarker | null> {
  const stat = await lstat(path).catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw new OpError('repository_unreadable', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  });
  if (stat !== null && stat.isFile())
    throw new OpError('repository_foreign', `${path} is a file, a repository is a folder`);
  return stat === null ? null : readMarker(path);
}

async function createRepository(clock: Clock, repository: RepositoryRef): Promise<void> {
  const { path, key } = repository;
  try {
    await makeFolder(path);
    const foreign = (await readdir(path)).find((name) => !harmless.has(name));
    if (foreign !== undefined) {
      throw new OpError('repository_foreign', `${path} is not empty (it holds ${foreign}) and not a repository`);
    }
    await chmodWherePossible(path);
    const marker: RepositoryMarker = {
      format: formatVersion,
      id: randomUUID(),
      createdAt: clock.now().toISOString(),
      encryption: key === null ? null : { scheme: sealScheme, keyFingerprint: keyFingerprint(key) },
    };
    await replaceDurably(join(path, markerFile), Buffer.from(`${JSON.stringify(marker)}\n`, 'utf8'));
    await makeFolder(join(path, backupsFolder));
    await makeFolder(join(path, extrasFolder));
  } catch (cause) {
    if (cause instanceof OpError || errnoOf(cause) === 'ENOSPC' || errnoOf(cause) === null) throw cause;
    throw new OpError('repository_unreadable', `cannot create a repository in ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** File systems without Unix modes refuse; the mount's own options then say who may read. */
async function chmodWherePossible(path: string): Promise<void> {
  await chmod(path, 0o700).catch((cause: unknown) => {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(cause) ?? '')) throw cause;
  });
}

interface CachedRecord {
  readonly stamp: string;
  readonly record: BackupRecord;
}
/** Records by manifest path: `inspect` runs on every tick, a manifest never changes. */
export type RecordCache = Map<string, CachedRecord>;

/** See `BackupEngine.inspect`. Costs one stat for each backup that it has seen before. */
export function inspectRepository(
  cache: RecordCache,
  repository: RepositoryRef,
  service: string | null,
  signal: AbortSignal,
): Promise<Outcome<RepositoryListing>> {
  return asOutcome(async () => {
    const marker = await existingMarker(repository);
    const key = repository.key === null ? null : fittingKey(repository, marker);
    const macKey = key === null ? null : manifestMacKey(key);
    const records: BackupRecord[] = [];
    const damaged: { backupId: string; message: string }[] = [];
    for (const { folder, id } of await listBackups(repository.path, service)) {
      checkCancelled(signal);
      try {
        records.push(await readRecord(cache, folder, id, macKey));
      } catch (thrown) {
        if (damaged.length < maxDamaged) damaged.push({ backupId: id, message: messageOf(thrown) });
      }
    }
    const space = await statfs(repository.path);
    return {
      records: records.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1)),
      damaged,
      freeBytes: space.bavail * space.bsize,
      totalBytes: space.blocks * space.bsize,
      keyFingerprint: marker.encryption?.keyFingerprint ?? null,
    };
  });
}

async function readRecord(
  cache: RecordCache,
  folder: string,
  id: string,
  macKey: Buffer | null,
): Promise<BackupRecord> {
  const path = join(folder, manifestFile);
  const stat = await lstat(path, { bigint: true }).catch((cause: unknown) => {
    cache.delete(path);
    throw errnoOf(cause) === 'ENOENT' ? new OpError('backup_corrupt', `${id}: the manifest is missing`) : cause;
  });
  const stamp = `${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}:${macKey === null ? '' : 'mac'}`;
  const cached = cache.get(path);
  if (cached?.stamp === stamp) return cached.record;
  const { manifest, checksum } = parseManifest(await readFile(path), macKey, id);
  if (manifest.id !== id) throw new OpError('backup_corrupt', `${id}: its folder holds the manifest of ${manifest.id}`);
  const record = recordOf(manifest, checksum);
  cache.set(path, { stamp, record });
  return record;
}

async function listBackups(repository: string, service: string | null): Promise<{ folder: string; id: string }[]> {
  const services = service === null ? await namesIn(join(repository, backupsFolder)) : [service];
  const found: { folder: string; id: string }[] = [];
  for (const name of services.filter(isSafeName)) {
    const ids = (await namesIn(serviceFolder(repository, name))).filter(isBackupId);
    found.push(...ids.map((id) => ({ folder: backupFolder(repository, name, id), id })));
  }
  return found;
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

/** See `BackupEngine.remove`. One rename takes it out of every listing, whatever happens while its files go. */
export function removeBackup(cache: RecordCache, repository: RepositoryRef, id: string): Promise<Outcome<void>> {
  return asOutcome(async () => {
    await existingMarker(repository);
    const found = (await listBackups(repository.path, null)).find((b) => b.id === id);
    if (found === undefined) throw new OpError('backup_unknown', `${repository.path} holds no backup ${id}`);
    const doomed = join(dirname(found.folder), `${partialPrefix}removed-${id}`);
    await rename(found.folder, doomed);
    await syncFolder(dirname(found.folder));
    cache.delete(join(found.folder, manifestFile));
    await rm(doomed, { recursive: true, force: true });
  });
}

/** See `BackupEngine.clean`. */
export function cleanRepository(repository: RepositoryRef, signal: AbortSignal): Promise<Outcome<number>> {
  return asOutcome(async () => {
    await existingMarker(repository);
    const leftovers: string[] = [];
    for (const service of (await namesIn(join(repository.path, backupsFolder))).filter(isSafeName)) {
      const folder = serviceFolder(repository.path, service);
      leftovers.push(...(await namesIn(folder)).filter((n) => n.startsWith(partialPrefix)).map((n) => join(folder, n)));
    }
    const extras = join(repository.path, extrasFolder);
    leftovers.push(...(await namesIn(extras)).filter((n) => n.startsWith(temporaryPrefix)).map((n) => join(extras, n)));
    let removed = 0;
    for (const path of leftovers) {
      checkCancelled(signal);
      if (isOpenPartial(path) || !(await exists(path))) continue;
      await rm(path, { recursive: true, force: true });
      removed += 1;
    }
    return removed;
  });
}
