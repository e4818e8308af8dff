import { copyFile, mkdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OpError, toOpError, type Outcome } from '../../../contract/errors.ts';
import type { RepositoryRef, RunContext } from '../port.ts';
import { exists, makeFolder, syncFolder } from '../archive/durable-write.ts';
import { errnoOf } from '../archive/errno.ts';
import { asOutcome, writeKey } from '../archive/repository.ts';
import { faultOf, syncFile, type Pass } from './files.ts';
import { configFile, copyingPrefix, dumpFolder, manifestFile, serviceDumps } from './layout.ts';
import { nameOnDisk, storedFiles, type StoredFile } from './manifest.ts';
import { loadDump, type StoredDump } from './repository.ts';
import { progressOf } from './verify.ts';

/** See `BackupEngine.copy`: files that an interrupted run brought over and whose hash holds are kept. */
export function copyDump(
  from: RepositoryRef,
  to: RepositoryRef,
  backupId: string,
  context: RunContext,
): Promise<Outcome<void>> {
  return asOutcome(async () => {
    const source = await loadDump(from, backupId);
    try {
      await checkTarget(source, to);
      await copyWhole(source, to, context);
    } catch (thrown) {
      if (thrown instanceof OpError || errnoOf(thrown) === null) throw thrown;
      const { code, message } = toOpError(thrown, 'copy_failed');
      throw new OpError(code === 'disk_full' ? code : 'copy_failed', `copy of ${backupId}: ${message}`, {
        cause: thrown,
      });
    }
  });
}

async function checkTarget(source: StoredDump, to: RepositoryRef): Promise<void> {
  const key = await writeKey(to);
  const same = source.key === null ? key === null : key?.equals(source.key) === true;
  if (!same)
    throw new OpError('copy_failed', `${to.path} is encrypted with another key than the backup ${source.manifest.id}`);
}

async function copyWhole(source: StoredDump, to: RepositoryRef, context: RunContext): Promise<void> {
  const { id, service } = source.manifest;
  const files = storedFiles(source.manifest);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const pass = progressOf(context, 'copy', total);
  const final = dumpFolder(to.path, service, id);
  if (await exists(final)) {
    if (await isWhole(source, final, files, pass)) return;
    // The manifest goes first, so that a half removed copy is never listed.
    await rm(join(final, manifestFile), { force: true });
    await rm(final, { recursive: true, force: true });
  }
  const work = join(serviceDumps(to.path, service), copyingPrefix + id);
  await makeFolder(work);
  await checkRoom(work, total);
  for (const file of files) await copyProven(source, file, work, pass);
  for (const name of [configFile, manifestFile]) {
    if (!(await exists(join(source.folder, name)))) continue;
    await copyFile(join(source.folder, name), join(work, name));
    await syncFile(join(work, name));
  }
  if (!(await sameManifest(source, work)))
    throw new OpError('copy_failed', `the manifest reads back differently from ${work}`);
  await syncFolder(work);
  await rename(work, final);
  await syncFolder(dirname(final));
}

async function sameManifest(source: StoredDump, folder: string): Promise<boolean> {
  const path = join(folder, manifestFile);
  return (await exists(path)) && (await readFile(path)).equals(await readFile(join(source.folder, manifestFile)));
}

async function isWhole(source: StoredDump, folder: string, files: readonly StoredFile[], pass: Pass): Promise<boolean> {
  if (!(await sameManifest(source, folder))) return false;
  for (const file of files) {
    if ((await faultOf(join(folder, nameOnDisk(file, source.key !== null)), file, pass)) !== null) return false;
  }
  return true;
}

async function checkRoom(folder: string, bytes: number): Promise<void> {
  const fs = await statfs(folder);
  const free = fs.bavail * fs.bsize;
  if (free < bytes) throw new OpError('disk_full', `${folder} has ${free} bytes free, the copy needs ${bytes}`);
}

/** Which side is at fault decides what the operator has to mend. */
async function copyProven(source: StoredDump, file: StoredFile, work: string, pass: Pass): Promise<void> {
  const name = nameOnDisk(file, source.key !== null);
  const quiet: Pass = { signal: pass.signal, onBytes: () => undefined };
  const target = join(work, name);
  if ((await exists(target)) && (await faultOf(target, file, pass)) === null) return;
  const atSource = await faultOf(join(source.folder, name), file, quiet);
  if (atSource !== null) throw new OpError('backup_corrupt', `${source.manifest.id}: ${name} ${atSource}`);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await rm(target, { force: true });
  await copyFile(join(source.folder, name), target);
  await syncFile(target);
  await syncFolder(dirname(target));
  const fault = await faultOf(target, file, pass);
  if (fault !== null) throw new OpError('copy_failed', `the copy reads back differently: ${name} ${fault}`);
}
