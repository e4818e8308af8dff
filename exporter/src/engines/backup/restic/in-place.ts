import { accessSync, constants, readFileSync, realpathSync, renameSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { RestoreReport } from '../port.ts';
import { removeTree, statOf } from '../archive/durable.ts';
import { fromText, toText } from '../archive/entries.ts';
import { checkRoom } from '../archive/restore-room.ts';
import { commitSwap, makeStaging, removeStagings, stagingFolder, writeIntent, type SwapItem } from '../archive/swap.ts';
import type { ResticComponent, ResticRoot } from './manifest.ts';
import { runRestore, syncAll, type Restore } from './restore.ts';
import { selectComponents } from './select.ts';
import { escapePattern } from './store.ts';

interface LiveRoot {
  readonly component: ResticComponent;
  readonly root: ResticRoot;
  /** Absolute path that is replaced. */
  readonly path: string;
  readonly staging: string;
  readonly index: number;
}

/**
 * See `BackupEngine.restore`, kind `in_place`: whole roots, each staged beside where it belongs, then swapped in by the engine archive's
 * swap, all or none. Throws `not_supported` for single paths, `restore_failed`, and as `runRestore`.
 */
export async function restoreInPlace(restore: Restore): Promise<RestoreReport> {
  const { request, stored, context, deps } = restore;
  if (request.selection.paths.length > 0)
    throw new OpError(
      'not_supported',
      'restic puts back whole components only: restore single files into a new folder',
    );
  const roots = liveRoots(restore);
  for (const root of roots) checkRoot(root, stored.store.place.remote === null ? stored.store.place.path : null);
  checkApart(roots);
  const stagings = [...new Set(roots.map((root) => root.staging))].sort();
  checkRooms(roots);
  try {
    for (const staging of stagings) makeStaging(fromText(staging));
    for (const root of roots) await stageRoot(restore, root);
    for (const staging of stagings) await syncAll(deps, staging, context.signal);
    if (context.signal.aborted) throw new OpError('cancelled', 'the restore was cancelled');
    const done = totals(roots);
    context.onProgress({ phase: 'swap', entriesDone: done.entries, bytesDone: done.bytes, bytesTotal: done.bytes });
    return { ...done, replaced: swap(roots, stagings, request.operationId) };
  } catch (thrown) {
    // Once an intent stands, `commitSwap` has cleared up or left what an operator needs to see.
    for (const staging of stagings)
      if (statOf(fromText(join(staging, 'intent.json'))) === null) removeTree(fromText(staging));
    throw thrown;
  }
}

function liveRoots({ stored, request }: Restore): readonly LiveRoot[] {
  if (request.target.kind !== 'in_place') throw new Error('not in place');
  const components = selectComponents(stored, request.selection);
  return request.target.roots.flatMap(({ component, root, path }, index) => {
    const found = components.find((c) => c.name === component);
    const known = found?.roots.find((r) => r.name === root);
    if (found === undefined || known === undefined) return [];
    const live = resolve(path);
    return [{ component: found, root: known, path: live, staging: stagingFolder(live, request.operationId), index }];
  });
}

function totals(roots: readonly LiveRoot[]): { readonly entries: number; readonly bytes: number } {
  const components = [...new Set(roots.map((root) => root.component))];
  return {
    entries: components.reduce((sum, c) => sum + c.entries, 0),
    bytes: components.reduce((sum, c) => sum + c.bytes, 0),
  };
}

function refuse(path: string, what: string): OpError {
  return new OpError('restore_failed', `${path} ${what}; nothing was touched`);
}

function checkRoot({ path }: LiveRoot, repository: string | null): void {
  const parent = dirname(path);
  if (parent === path) throw refuse(path, 'cannot be swapped');
  if (statOf(fromText(path))?.isSymbolicLink() === true)
    throw refuse(path, 'is a symbolic link now: restore into a new folder');
  if (statOf(fromText(parent))?.isDirectory() !== true)
    throw refuse(parent, 'is not there: make it, or mount its disk');
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new OpError('restore_failed', `${parent} cannot be written to; nothing was touched`, { cause });
  }
  // A mount point cannot be renamed, and one inside would be emptied with the old tree.
  const mount = mountPoints().find((point) => point === path || point.startsWith(`${path}/`));
  if (mount !== undefined) throw refuse(mount, 'is a mount point: restore into a new folder');
  if (repository === null || statOf(fromText(path)) === null) return;
  const inside = realpathSync(repository);
  const tree = realpathSync(path);
  if (inside === tree || inside.startsWith(`${tree}/`))
    throw refuse(path, `holds the repository ${repository}: restore into a new folder`);
}

function mountPoints(): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}

function checkApart(roots: readonly LiveRoot[]): void {
  for (const a of roots) {
    const clash = roots.find((b) => b !== a && (b.path === a.path || b.path.startsWith(`${a.path}/`)));
    if (clash !== undefined)
      throw refuse(clash.path, `lies in ${a.path}, which is restored too: restore them one after the other`);
  }
}

/** A component's size is known, not that of each of its roots: every file system must have room for all of them. */
function checkRooms(roots: readonly LiveRoot[]): void {
  const byDevice = new Map<bigint, { folder: string; components: Set<ResticComponent> }>();
  for (const { path, component } of roots) {
    const folder = dirname(path);
    const device = statOf(fromText(folder))?.dev ?? 0n;
    const known = byDevice.get(device) ?? { folder, components: new Set<ResticComponent>() };
    byDevice.set(device, { folder: known.folder, components: known.components.add(component) });
  }
  for (const { folder, components } of byDevice.values()) {
    const wanted = [...components];
    checkRoom(
      folder,
      wanted.reduce((sum, c) => sum + c.bytes, 0),
      wanted.reduce((sum, c) => sum + c.entries, 0),
    );
  }
}

async function stageRoot(restore: Restore, root: LiveRoot): Promise<void> {
  const raw = join(root.staging, `raw-${root.index}`);
  await mkdir(raw, { mode: 0o700 });
  const only = root.component.roots.length === 1 ? [] : [escapePattern(root.root.resolved)];
  restore.context.onProgress({ phase: 'restore', entriesDone: 0, bytesDone: 0, bytesTotal: root.component.bytes });
  await runRestore(restore, root.component, raw, only);
  renameSync(join(raw, root.root.resolved), stagedPath(root));
}

function stagedPath(root: LiveRoot): string {
  return join(root.staging, 'new', String(root.index));
}

/** Puts the staged trees in; from the intent on nothing is cancelled. Returns where the old data was kept. */
function swap(roots: readonly LiveRoot[], stagings: readonly string[], operationId: string): readonly string[] {
  const items = roots.map((root): SwapItem => {
    const live = fromText(root.path);
    const old = fromText(join(root.staging, 'old', String(root.index)));
    return { live, staged: fromText(stagedPath(root)), old, hadOld: statOf(live) !== null };
  });
  const intent = writeIntent(operationId, stagings.map(fromText), items);
  commitSwap(intent);
  removeStagings(intent);
  return items.filter((item) => item.hadOld).map((item) => toText(item.old));
}
