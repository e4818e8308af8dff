import { closeSync, fstatSync, openSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { RepositoryRef } from '../port.ts';
import { keyFingerprint, manifestMacKey } from './crypto.ts';
import { hasCode } from './durable.ts';

import type { StoredSource } from './frame-read.ts';
import {
  backupFolder,
  backupsFolder,
  isBackupId,
  isSafeName,
  manifestFile,
  markerFile,
  parseManifest,
  RepositoryMarker,
  type Manifest,
  type ManifestComponent,
} from './format.ts';

/** One backup of a repository with its checked manifest. */
export interface StoredBackup {
  readonly id: string;
  readonly folder: string;
  readonly manifest: Manifest;
  readonly checksum: string;
}

/** A backup and all it builds upon, newest first: `holder` of a file entry indexes `members`. */
export interface Chain {
  readonly key: Buffer | null;
  readonly members: readonly StoredBackup[];
  /** The backup that was asked for: `members[0]`. */
  readonly target: StoredBackup;
}

/** Manifests hold two frame indexes per component: 64 MiB is an archive of several TiB. */
const maxManifestBytes = 64 * 2 ** 20;

function readBounded(path: string, maxBytes: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    if (fstatSync(fd).size > maxBytes)
      throw new OpError('backup_corrupt', `${path} is larger than any manifest can be`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * The key to read this repository with; null where it is plain.
 * Throws `repository_unreadable`, `key_missing`, `key_wrong`.
 */
export function repositoryKey(repository: RepositoryRef): Buffer | null {
  const marker = readMarker(repository.path);
  if (marker.encryption === null) {
    if (repository.key === null) return null;
    // Reading on would accept whatever somebody put in the place of the sealed repository.
    throw new OpError('key_wrong', `${repository.path} is not encrypted, and a key is configured for it`);
  }
  const wanted = marker.encryption.keyFingerprint;
  if (repository.key === null) {
    throw new OpError(
      'key_missing',
      `${repository.path} is encrypted with the key ${wanted}, and no key is configured`,
    );
  }
  const given = keyFingerprint(repository.key);
  if (given !== wanted) {
    throw new OpError(
      'key_wrong',
      `${repository.path} is encrypted with the key ${wanted}, the configured key is ${given}`,
    );
  }
  return repository.key;
}

function readMarker(path: string): RepositoryMarker {
  const file = join(path, markerFile);
  try {
    const parsed = RepositoryMarker.safeParse(JSON.parse(readBounded(file, 2 ** 20).toString('utf8')));
    if (parsed.success) return parsed.data;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) {
      throw new OpError('repository_unreadable', `${path} is not a readable repository: ${String(cause)}`, { cause });
    }
  }
  throw new OpError('repository_unreadable', `${file} is damaged`);
}

/** Folder of a backup, whichever service it belongs to. Throws `backup_unknown`, `repository_unreadable`. */
export function findBackup(repository: RepositoryRef, backupId: string): string {
  const unknown = new OpError('backup_unknown', `${repository.path} holds no backup ${backupId}`);
  if (!isBackupId(backupId)) throw unknown;
  for (const service of servicesOf(repository.path)) {
    const folder = backupFolder(repository.path, service, backupId);
    if (isFolder(folder)) return folder;
  }
  throw unknown;
}

function servicesOf(path: string): string[] {
  try {
    return readdirSync(join(path, backupsFolder)).filter(isSafeName);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return [];
    throw new OpError('repository_unreadable', `cannot list ${path}: ${String(cause)}`, { cause });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Reads and checks one manifest. Throws `backup_unknown`, `backup_corrupt`, `format_unknown`, `repository_unreadable`. */
export function loadBackup(repository: RepositoryRef, key: Buffer | null, backupId: string): StoredBackup {
  const folder = findBackup(repository, backupId);
  const { manifest, checksum } = parseManifest(manifestBytes(folder, backupId), key && manifestMacKey(key), backupId);
  if (manifest.id !== backupId) {
    throw new OpError('backup_corrupt', `${backupId}: its folder holds the manifest of ${manifest.id}`);
  }
  if ((manifest.encryption !== null) !== (key !== null)) {
    throw new OpError('backup_corrupt', `${backupId}: the manifest and the repository differ on encryption`);
  }
  return { id: backupId, folder, manifest, checksum };
}

function manifestBytes(folder: string, backupId: string): Buffer {
  try {
    return readBounded(join(folder, manifestFile), maxManifestBytes);
  } catch (cause) {
    if (cause instanceof OpError) throw cause;
    // Without its manifest a backup is as good as damaged; any other failure may be the disk's.
    if (hasCode(cause, 'ENOENT'))
      throw new OpError('backup_corrupt', `${backupId}: the manifest is missing`, { cause });
    throw new OpError('repository_unreadable', `${backupId}: cannot read the manifest: ${String(cause)}`, { cause });
  }
}

/** A member of `target`'s chain. Throws as `loadBackup`; `backup_incomplete` when it is not there or does not fit. */
export function loadMember(
  repository: RepositoryRef,
  key: Buffer | null,
  target: StoredBackup,
  index: number,
): StoredBackup {
  const id = target.manifest.chain[index];
  if (id === undefined) throw new RangeError(`no member ${index} in the chain of ${target.id}`);
  const member = loadOrIncomplete(repository, key, target.id, id);
  const rest = target.manifest.chain.slice(index);
  if (member.manifest.chain.join() !== rest.join() || member.manifest.service !== target.manifest.service) {
    throw new OpError('backup_incomplete', `${target.id} builds upon ${id}, whose own chain is another one`);
  }
  return member;
}

function loadOrIncomplete(repository: RepositoryRef, key: Buffer | null, targetId: string, id: string): StoredBackup {
  try {
    return loadBackup(repository, key, id);
  } catch (thrown) {
    if (!(thrown instanceof OpError) || thrown.code !== 'backup_unknown') throw thrown;
    throw new OpError('backup_incomplete', `${targetId} builds upon ${id}, which is missing`, { cause: thrown });
  }
}

/** The whole chain, checked. Throws as `repositoryKey`, `loadBackup` and `loadMember`. */
export function loadChain(repository: RepositoryRef, backupId: string): Chain {
  const key = repositoryKey(repository);
  const target = loadBackup(repository, key, backupId);
  const members = target.manifest.chain.map((id, index) =>
    id === backupId ? target : loadMember(repository, key, target, index),
  );
  return { key, members, target };
}

export function componentOf(backup: StoredBackup, name: string): ManifestComponent | null {
  return backup.manifest.components.find((c) => c.name === name) ?? null;
}

/** The file list of one component of the backup that was asked for. */
export function listSource(chain: Chain, component: ManifestComponent): StoredSource {
  const { id, folder } = chain.target;
  return { folder, backupId: id, component: component.name, stored: component.files, key: chain.key };
}
