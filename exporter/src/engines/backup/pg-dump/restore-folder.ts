import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { CompareReport, RestoreReport, RestoreRequest, RunContext, Selection } from '../port.ts';
import { exists, makeFolder, syncFolder } from '../archive/durable-write.ts';
import { errnoOf } from '../archive/errno.ts';
import { checkRoom } from '../archive/restore-room.ts';
import { stagingPrefix } from '../archive/swap.ts';
import { bringOut, filesBelow, hashFile, type Pass } from './files.ts';
import { nameOnDisk, storedFiles, type DatabaseDump, type DumpManifest, type StoredFile } from './manifest.ts';
import type { StoredDump } from './repository.ts';
import { progressOf } from './verify.ts';

/** The databases that are wanted. Throws `not_found`, `not_supported` (single files: there are none). */
export function selectDatabases(manifest: DumpManifest, selection: Selection): readonly DatabaseDump[] {
  if (selection.paths.length > 0)
    throw new OpError('not_supported', 'a pg_dump backup holds databases, not files: choose components');
  const unknown = selection.components.filter((name) => !manifest.databases.some((d) => d.name === name));
  if (unknown.length > 0) throw new OpError('not_found', `${manifest.id} holds no database ${unknown.join(', ')}`);
  return selection.components.length === 0
    ? manifest.databases
    : manifest.databases.filter((d) => selection.components.includes(d.name));
}

/**
 * The dump files, clear and verified, in a folder that is absent or whole: `globals.sql`, and for each database `<name>/dump`, which
 * pg_restore takes, with `<name>/rows.json`. Throws `target_not_empty`, `backup_corrupt`, `disk_full`, `cancelled`.
 */
export async function restoreDumpFiles(
  stored: StoredDump,
  request: RestoreRequest,
  path: string,
  context: RunContext,
): Promise<RestoreReport> {
  const databases = selectDatabases(stored.manifest, request.selection);
  const files = [stored.manifest.globals, ...databases.flatMap((d) => [...d.dump, d.rows])];
  const bytes = files.reduce((sum, file) => sum + file.plainBytes, 0);
  const target = resolve(path);
  const parent = dirname(target);
  if (await exists(target)) throw new OpError('target_not_empty', `${target} exists already`);
  await makeFolder(parent);
  checkRoom(parent, bytes, files.length);
  const staging = join(parent, stagingPrefix + request.operationId);
  try {
    // Only an earlier try of the same operation can have left it.
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { mode: 0o700 });
    await bringAllOut(stored, files, staging, progressOf(context, 'restore', bytes));
    // rename(2) would replace an empty folder that somebody made meanwhile; anything else makes it fail.
    if (await exists(target))
      throw new OpError('target_not_empty', `${basename(target)} appeared in ${parent} during the restore`);
    await rename(staging, target);
    await syncFolder(parent);
  } catch (thrown) {
    await rm(staging, { recursive: true, force: true });
    throw thrown;
  }
  return {
    entries: databases.reduce((sum, d) => sum + d.tables, 0),
    bytes,
    replaced: [],
    dataAsOf: stored.manifest.startedAt,
  };
}

async function bringAllOut(stored: StoredDump, files: readonly StoredFile[], to: string, pass: Pass): Promise<void> {
  const sealed = stored.key !== null;
  for (const file of files)
    await bringOut(join(stored.folder, nameOnDisk(file, sealed)), file, stored.key, join(to, file.path), pass);
}

/** See `BackupEngine.compare`: each file of a restored folder with its hash, and files that do not belong there. */
export async function compareDumpFiles(
  stored: StoredDump,
  folder: string,
  context: RunContext,
): Promise<CompareReport> {
  const expected = new Map(storedFiles(stored.manifest).map((file) => [file.path, file]));
  const present = new Set((await readdir(folder)).length === 0 ? [] : await filesBelow(folder));
  const total = [...expected.values()].reduce((sum, file) => sum + file.plainBytes, 0);
  const pass = progressOf(context, 'compare', total);
  const differences: string[] = [...present]
    .filter((path) => !expected.has(path))
    .map((path) => `${path} is not in the backup`);
  let bytes = 0;
  for (const [path, file] of expected) {
    const fault = await differenceOf(join(folder, path), file, pass);
    if (fault === null) bytes += file.plainBytes;
    else differences.push(`${path} ${fault}`);
  }
  return { entries: expected.size, bytes, differences: differences.slice(0, 100) };
}

async function differenceOf(file: string, stored: StoredFile, pass: Pass): Promise<string | null> {
  try {
    const found = await hashFile(file, pass);
    if (found.bytes !== stored.plainBytes) return `has ${found.bytes} bytes, not ${stored.plainBytes}`;
    return found.sha256 === stored.plainSha256 ? null : 'differs: its SHA-256 is another one';
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return 'is missing';
    throw thrown;
  }
}
