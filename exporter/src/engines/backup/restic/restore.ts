import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { EngineDeps, RestoreReport, RestoreRequest, RunContext } from '../port.ts';
import { exists, makeFolder, syncFolder } from '../archive/durable-write.ts';
import { errnoOf } from '../archive/errno.ts';
import { checkRoom } from '../archive/restore-room.ts';
import { stagingPrefix } from '../archive/swap.ts';
import type { StoredBackup } from './catalogue.ts';
import type { ResticComponent } from './manifest.ts';
import { verifiedFiles } from './output.ts';
import { errorOf, longTimeoutMs, runRestic } from './run.ts';
import { includesOf, planFacts, selectComponents } from './select.ts';
import type { ResticStore } from './store.ts';
import { snapshotOf } from './tree.ts';

export interface Restore {
  readonly deps: EngineDeps;
  readonly stored: StoredBackup & { readonly store: ResticStore };
  readonly request: RestoreRequest;
  readonly context: RunContext;
}

/**
 * Writes a component (or what the patterns choose) below `target` under its absolute paths; restic reads every file back and compares
 * it with the repository's hashes. Throws `backup_corrupt`, `disk_full`, `restore_failed`, `cancelled`.
 */
export async function runRestore(
  { deps, stored, request, context }: Restore,
  component: ResticComponent,
  target: string,
  includes: readonly string[],
): Promise<number> {
  const { store } = stored;
  const result = await runRestic(deps, store, {
    args: [
      'restore',
      snapshotOf(stored, component).id,
      `--target=${target}`,
      '--verify',
      ...includes.map((pattern) => `--include=${pattern}`),
    ],
    signal: context.signal,
    timeoutMs: longTimeoutMs,
  });
  if (result.exitCode !== 0 || /ignoring error for/.test(result.stderr))
    throw errorOf(store, result, `restoring ${component.name}`, 'restore_failed');
  const files = verifiedFiles(result.stdout);
  if (files === null) throw new OpError('restore_failed', `restic does not say that it verified ${component.name}`);
  if (includes.length === 0 && files !== component.files)
    throw new OpError(
      'restore_failed',
      `${files} files of ${component.name} came back, ${component.files} were backed up`,
    );
  if (!request.restoreOwner && process.getuid?.() === 0) await ownAll(deps, target, context.signal);
  return files;
}

/** restic as root always gives files back to whom they belonged. */
async function ownAll(deps: EngineDeps, target: string, signal: AbortSignal): Promise<void> {
  const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const done = await deps.exec.run('chown', ['-hR', owner, '--', target], { timeoutMs: longTimeoutMs, signal });
  if (!done.ok) throw done.error;
  if (done.value.exitCode !== 0)
    throw new OpError('restore_failed', `chown failed: ${done.value.stderr.trim().slice(0, 300)}`);
}

/** All of the file system to the disk: one call instead of an fsync for every file. */
export async function syncAll(deps: EngineDeps, folder: string, signal: AbortSignal): Promise<void> {
  const done = await deps.exec.run('sync', ['-f', '--', folder], { timeoutMs: longTimeoutMs, signal });
  if (!done.ok) throw done.error;
  if (done.value.exitCode !== 0)
    throw new OpError('restore_failed', `sync -f failed: ${done.value.stderr.trim().slice(0, 300)}`);
}

/** See `BackupEngine.restore`, kind `folder`: built beside under a hidden name, in the layout of Genesis, then renamed. */
export async function restoreToFolder(restore: Restore, path: string): Promise<RestoreReport> {
  const { deps, stored, request, context } = restore;
  const facts = await planFacts(deps, stored, request.selection, context.signal);
  const target = resolve(path);
  const parent = dirname(target);
  if (await exists(target)) throw new OpError('target_not_empty', `${target} exists already`);
  await makeFolder(parent);
  checkRoom(parent, facts.bytes, facts.entries);
  const staging = join(parent, stagingPrefix + request.operationId);
  try {
    // Only an earlier try of the same operation can have left it.
    await rm(staging, { recursive: true, force: true });
    await mkdir(join(staging, 'out'), { recursive: true, mode: 0o700 });
    for (const component of selectComponents(stored, request.selection)) {
      context.onProgress({ phase: 'restore', entriesDone: 0, bytesDone: 0, bytesTotal: facts.bytes });
      await restoreComponent(restore, component, staging);
    }
    context.onProgress({
      phase: 'publish',
      entriesDone: facts.entries,
      bytesDone: facts.bytes,
      bytesTotal: facts.bytes,
    });
    await syncAll(deps, staging, context.signal);
    if (context.signal.aborted) throw new OpError('cancelled', 'the restore was cancelled');
    // rename(2) would replace an empty folder that somebody made meanwhile; anything else makes it fail.
    if (await exists(target))
      throw new OpError('target_not_empty', `${basename(target)} appeared in ${parent} during the restore`);
    await rename(join(staging, 'out'), target);
    await syncFolder(parent);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return { entries: facts.entries, bytes: facts.bytes, replaced: [] };
}

async function restoreComponent(restore: Restore, component: ResticComponent, staging: string): Promise<void> {
  const { selection } = restore.request;
  const includes = includesOf(component, selection.paths);
  if (selection.paths.length > 0 && includes.length === 0) return;
  const raw = join(staging, `raw-${component.name}`);
  await mkdir(raw, { mode: 0o700 });
  await runRestore(restore, component, raw, includes);
  const out = join(staging, 'out', component.name);
  await mkdir(out, { mode: 0o700 });
  // Inner roots first: they would else move away with the one around them.
  const inner = [...component.roots].sort((a, b) => b.resolved.length - a.resolved.length);
  for (const root of inner)
    await moveRoot(join(raw, root.resolved), join(out, root.name), selection.paths.length === 0);
}

async function moveRoot(from: string, to: string, isWanted: boolean): Promise<void> {
  try {
    await lstat(from);
    await rename(from, to);
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT' || isWanted) throw thrown;
  }
}
