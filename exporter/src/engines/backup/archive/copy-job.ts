import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  statSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { OpError, toOpError } from '../../../contract/errors.ts';
import type { RepositoryRef } from '../port.ts';
import { sealedSize } from './crypto.ts';
import { fsyncPath, removeTree, statOf } from './durable.ts';
import { fromText } from './entries.ts';
import { errnoOf } from './errno.ts';
import { openFrames } from './frame-read.ts';
import { backupFolder, configFile, isBackupId, manifestFile, serviceFolder, type StoredFile } from './format.ts';
import { checkCancelled, createBreather, type JobContext } from './job-context.ts';
import { findBackup, loadBackup, repositoryKey, type StoredBackup } from './stored-chain.ts';

/** Work in progress; apart from the writer's partial folders, because a later run goes on with it. */
const copyingPrefix = '.copying-';
const stepBytes = 2 ** 20;
const spareBytes = 2 ** 20;

interface CopyRun {
  readonly source: StoredBackup;
  readonly key: Buffer | null;
  /** `.copying-<id>` in the target. */
  readonly work: string;
  readonly context: JobContext;
  readonly total: number;
  done: number;
}

/**
 * Copies a backup as it is stored (sealed files stay sealed), goes on where an earlier run was cut off, reads everything back
 * after fsync against the hashes in the manifest and gives it its name last. Throws `copy_failed` (the target cannot take it, lacks
 * the parent, or has another key), `disk_full`, `backup_corrupt` (the source is damaged), `backup_unknown`, `cancelled`.
 */
export async function copyJob(
  from: RepositoryRef,
  to: RepositoryRef,
  backupId: string,
  context: JobContext,
): Promise<null> {
  const key = repositoryKey(from);
  const source = loadBackup(from, key, backupId);
  const { service } = source.manifest;
  const final = backupFolder(to.path, service, backupId);
  const work = join(serviceFolder(to.path, service), copyingPrefix + backupId);
  try {
    checkTarget(source, key, to);
    const total = source.manifest.components.reduce(
      (sum, c) => sum + storedSize(c.archive, key) + storedSize(c.files, key),
      0,
    );
    const run: CopyRun = { source, key, work, context, total, done: 0 };
    if (await isWhole(run, final)) return null;
    removeStale(from, dirname(work), backupId);
    mkdirSync(work, { recursive: true, mode: 0o700 });
    fsyncPath(fromText(dirname(dirname(work))));
    checkRoom(run);
    await copyFiles(run);
    publish(work, final);
  } catch (thrown) {
    throw asCopyError(thrown, source);
  }
  return null;
}

function storedSize(stored: StoredFile, key: Buffer | null): number {
  return key === null ? stored.storedBytes : sealedSize(stored.storedBytes);
}

/** The target must be readable with the same key and hold what the backup builds upon: a copy that cannot be restored is none. */
function checkTarget(source: StoredBackup, key: Buffer | null, to: RepositoryRef): void {
  const targetKey = repositoryKey(to);
  const sameKey = key === null ? targetKey === null : targetKey?.equals(key) === true;
  if (!sameKey)
    throw new OpError('copy_failed', `${to.path} is encrypted with another key than the backup ${source.id}`);
  for (const id of source.manifest.chain.slice(1)) {
    try {
      loadBackup(to, targetKey, id);
    } catch (cause) {
      if (!(cause instanceof OpError)) throw cause;
      throw new OpError('copy_failed', `${to.path} lacks ${id}, upon which ${source.id} builds: copy that first`, {
        cause,
      });
    }
  }
}

/** True when the copy stands already and every byte of it is right; a damaged one is taken away to be made anew. */
async function isWhole(run: CopyRun, final: string): Promise<boolean> {
  if (statOf(fromText(final)) === null) return false;
  const sameManifest = sameBytes(join(run.source.folder, manifestFile), join(final, manifestFile));
  if (sameManifest && (await proveFiles(run, final)) === null) return true;
  // The manifest goes first, so that a half removed copy is never listed.
  removeTree(fromText(join(final, manifestFile)));
  removeTree(fromText(final));
  return false;
}

function sameBytes(a: string, b: string): boolean {
  return statOf(fromText(b)) !== null && readFileSync(a).equals(readFileSync(b));
}

/** Reads the stored files in `folder` back; the first damage, or null. */
async function proveFiles(run: CopyRun, folder: string): Promise<OpError | null> {
  for (const { name, archive, files } of run.source.manifest.components) {
    for (const stored of [archive, files]) {
      const fault = await proveFile(run, folder, name, stored);
      if (fault !== null) return fault;
    }
  }
  return null;
}

async function proveFile(run: CopyRun, folder: string, component: string, stored: StoredFile): Promise<OpError | null> {
  try {
    const reader = openFrames({ folder, backupId: run.source.id, component, stored, key: run.key });
    try {
      for (let index = 0; index < reader.frames.length; index += 1) {
        await reader.prove(index);
        checkCancelled(run.context);
      }
    } finally {
      reader.close();
    }
    return null;
  } catch (thrown) {
    if (thrown instanceof OpError && thrown.code === 'backup_corrupt') return thrown;
    throw thrown;
  }
}

/** Leftovers of copies whose backup is gone: nobody will go on with them. */
function removeStale(from: RepositoryRef, folder: string, backupId: string): void {
  if (statOf(fromText(folder)) === null) return;
  for (const name of readdirSync(folder)) {
    const id = name.startsWith(copyingPrefix) ? name.slice(copyingPrefix.length) : null;
    if (id === null || id === backupId || !isBackupId(id) || isKnown(from, id)) continue;
    removeTree(fromText(join(folder, name)));
  }
}

function isKnown(repository: RepositoryRef, id: string): boolean {
  try {
    findBackup(repository, id);
    return true;
  } catch (thrown) {
    if (thrown instanceof OpError && thrown.code === 'backup_unknown') return false;
    throw thrown;
  }
}

function checkRoom(run: CopyRun): void {
  const present = readdirSync(run.work).reduce((sum, name) => sum + statSync(join(run.work, name)).size, 0);
  const fs = statfsSync(run.work);
  const neededBytes = run.total - present + spareBytes;
  const freeBytes = fs.bavail * fs.bsize;
  if (freeBytes < neededBytes)
    throw new OpError('disk_full', `${run.work} has ${freeBytes} bytes free, the copy needs ${neededBytes}`);
}

async function copyFiles(run: CopyRun): Promise<void> {
  for (const { name, archive, files } of run.source.manifest.components) {
    for (const stored of [files, archive]) await copyStored(run, name, stored);
  }
  for (const name of [configFile, manifestFile]) {
    if (statOf(fromText(join(run.source.folder, name))) === null) continue;
    await copyFile(run, name, 0);
    if (!sameBytes(join(run.source.folder, name), join(run.work, name))) {
      throw new OpError('copy_failed', `${name} reads back differently from ${run.work}`);
    }
  }
  fsyncPath(fromText(run.work));
}

/** One archive or list: what an earlier run wrote is kept as far as it proves right; a doubtful one is made anew, once. */
async function copyStored(run: CopyRun, component: string, stored: StoredFile): Promise<void> {
  // A source that is missing or cut is found before it is copied.
  openFrames({ folder: run.source.folder, backupId: run.source.id, component, stored, key: run.key }).close();
  const size = storedSize(stored, run.key);
  const present = Number(statOf(fromText(join(run.work, stored.file)))?.size ?? 0n);
  const resumeAt = present > size ? 0 : Math.floor(present / stepBytes) * stepBytes;
  const doneBefore = run.done;
  await copyFile(run, stored.file, present === size ? size : resumeAt);
  let fault = await proveFile(run, run.work, component, stored);
  if (fault !== null && present > 0) {
    run.done = doneBefore;
    await copyFile(run, stored.file, 0);
    fault = await proveFile(run, run.work, component, stored);
  }
  if (fault === null) return;
  // Which side is at fault decides what the operator has to mend.
  const atSource = await proveFile(run, run.source.folder, component, stored);
  if (atSource !== null) throw atSource;
  throw new OpError('copy_failed', `the copy reads back differently: ${fault.message}`, { cause: fault });
}

/** Copies from byte `start` on and fsyncs. */
async function copyFile(run: CopyRun, name: string, start: number): Promise<void> {
  const breathe = createBreather(run.context);
  const buffer = Buffer.allocUnsafe(stepBytes);
  const input = openSync(join(run.source.folder, name), 'r');
  try {
    const output = openSync(join(run.work, name), start === 0 ? 'w' : 'r+', 0o600);
    try {
      ftruncateSync(output, start);
      run.done += start;
      let at = start;
      for (
        let got = readSync(input, buffer, 0, stepBytes, at);
        got > 0;
        got = readSync(input, buffer, 0, stepBytes, at)
      ) {
        for (let put = 0; put < got;) put += writeSync(output, buffer, put, got - put, at + put);
        at += got;
        run.done += got;
        run.context.progress({ phase: 'copy', entriesDone: 0, bytesDone: run.done, bytesTotal: run.total });
        await breathe();
      }
      fsyncSync(output);
    } finally {
      closeSync(output);
    }
  } finally {
    closeSync(input);
  }
}

function publish(work: string, final: string): void {
  renameSync(work, final);
  fsyncPath(fromText(dirname(final)));
}

/** System errors of the target as `copy_failed`; what already has a code keeps it. */
function asCopyError(thrown: unknown, source: StoredBackup): unknown {
  if (thrown instanceof OpError || errnoOf(thrown) === null) return thrown;
  const { code, message } = toOpError(thrown, 'copy_failed');
  return new OpError(code === 'disk_full' ? code : 'copy_failed', `copy of ${source.id}: ${message}`, {
    cause: thrown,
  });
}
