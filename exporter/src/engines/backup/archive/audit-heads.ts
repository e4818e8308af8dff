import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Outcome } from '../../../contract/errors.ts';
import type { AuditHeadInBackup, RepositoryRef } from '../port.ts';
import { manifestMacKey } from './crypto.ts';
import { backupFolder, manifestFile, parseManifest } from './format.ts';
import { inspectRepository, type RecordCache } from './repository.ts';

/** The audit heads that the manifests of one service carry. Damaged manifests are left out: they vouch for nothing. */
export async function readAuditHeads(
  cache: RecordCache,
  repository: RepositoryRef,
  service: string,
): Promise<Outcome<readonly AuditHeadInBackup[]>> {
  const listing = await inspectRepository(cache, repository, service, new AbortController().signal);
  if (!listing.ok) return listing;
  const macKey = repository.key === null ? null : manifestMacKey(repository.key);
  const heads: AuditHeadInBackup[] = [];
  for (const { id } of listing.value.records) {
    const file = join(backupFolder(repository.path, service, id), manifestFile);
    const { manifest } = parseManifest(await readFile(file), macKey, file);
    if (manifest.auditHead !== null) heads.push({ backupId: id, head: manifest.auditHead });
  }
  return ok(heads);
}
