import { accessSync, constants, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { OpError } from '../../../contract/errors.ts';
import type { RestoreReport, RestoreRequest, RestoreTarget } from '../port.ts';
import { removeTree, statOf, syncFileSystem } from './durable.ts';
import { fromText, toFsPath, toText, type FileEntry } from './entries.ts';
import { checkCancelled, type JobContext } from './job-context.ts';
import { checkRoom } from './restore-room.ts';
import { stage, type Place } from './stage.ts';
import type { Chain } from './stored-chain.ts';
import { commitSwap, makeStaging, removeStagings, stagingFolder, writeIntent, type SwapItem } from './swap.ts';
import type { Survey } from './survey.ts';

type InPlaceRequest = RestoreRequest & { readonly target: RestoreTarget & { kind: 'in_place' } };

/** A root that something is restored into. Paths are binary strings. */
interface LiveRoot {
  readonly component: string;
  readonly root: string;
  readonly path: string;
  readonly staging: string;
  /** Subtrees to swap; the root itself when it was selected whole. */
  readonly tops: readonly FileEntry[];
  readonly diskBytes: number;
}

/**
 * Stages the selected trees beside their roots, then swaps them in, all or none. Throws `restore_failed` (a root that cannot be
 * swapped, found before anything is written), `disk_full` and as `stage`.
 */
export async function restoreInPlace(
  chain: Chain,
  survey: Survey,
  request: InPlaceRequest,
  context: JobContext,
): Promise<RestoreReport> {
  const roots = liveRoots(survey, request);
  for (const root of roots) checkRoot(root, request.repository.path);
  checkApart(roots);
  const stagings = [...new Set(roots.map((root) => root.staging))].sort();
  checkRooms(roots, survey.entries);
  try {
    for (const staging of stagings) makeStaging(staging);
    const done = await stage(
      {
        chain,
        survey,
        restoreOwner: request.restoreOwner,
        wantedRoots: rootNames(roots),
        place: (component, root) => placeOf(roots, component, root),
      },
      context,
    );
    context.progress({ phase: 'publish', entriesDone: done.entries, bytesDone: done.bytes, bytesTotal: survey.bytes });
    for (const staging of stagings) syncFileSystem(staging);
    checkCancelled(context);
    context.progress({ phase: 'swap', entriesDone: done.entries, bytesDone: done.bytes, bytesTotal: survey.bytes });
    return { ...done, replaced: swap(roots, stagings, request.operationId, request.repository.path) };
  } catch (thrown) {
    // Once an intent stands, `commitSwap` has cleared up or left what an operator needs to see.
    for (const staging of stagings) if (statOf(join(staging, 'intent.json')) === null) removeTree(staging);
    throw thrown;
  }
}

/** Puts the staged trees in; from the intent on nothing is cancelled. Returns where the old data was kept. */
function swap(
  roots: readonly LiveRoot[],
  stagings: readonly string[],
  operationId: string,
  repository: string,
): string[] {
  const items = numbered(roots.flatMap(planItems));
  for (const { live } of items) checkRepositoryOutside(live, repository);
  const intent = writeIntent(operationId, stagings, items);
  commitSwap(intent);
  removeStagings(intent);
  return items.filter((item) => item.hadOld).map((item) => toText(item.old));
}

function liveRoots(survey: Survey, request: InPlaceRequest): LiveRoot[] {
  return request.target.roots.flatMap(({ component, root, path }) => {
    const found = survey.components.find((c) => c.component.name === component);
    const name = fromText(root);
    const diskBytes = found?.roots.get(name);
    if (found === undefined || diskBytes === undefined) return [];
    const live = fromText(resolve(path));
    const tops = found.tops.filter((top) => top.path === name || top.path.startsWith(`${name}/`));
    return [{ component, root: name, path: live, staging: stagingFolder(live, request.operationId), tops, diskBytes }];
  });
}

function rootNames(roots: readonly LiveRoot[]): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const { component, root } of roots) names.set(component, (names.get(component) ?? new Set()).add(root));
  return names;
}

function placeOf(roots: readonly LiveRoot[], component: string, root: string): Place | null {
  const found = roots.find((r) => r.component === component && r.root === root);
  return found === undefined ? null : { cwd: join(found.staging, 'new'), rootName: basename(found.path) };
}

function refuse(path: string, what: string): OpError {
  return new OpError('restore_failed', `${toText(path)} ${what}; nothing was touched`);
}

function checkRoot({ path }: LiveRoot, repository: string): void {
  const parent = dirname(path);
  if (parent === path) throw refuse(path, 'cannot be swapped');
  if (statOf(path)?.isSymbolicLink() === true) throw refuse(path, 'is a symbolic link now: restore into a new folder');
  if (statOf(parent)?.isDirectory() !== true) throw refuse(parent, 'is not there: make it, or mount its disk');
  try {
    accessSync(toFsPath(parent), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new OpError('restore_failed', `${toText(parent)} cannot be written to; nothing was touched`, { cause });
  }
  // A mount point cannot be renamed, and one inside would be emptied with the old tree.
  const mount = mountPoints().find((point) => point === path || point.startsWith(`${path}/`));
  if (mount !== undefined) throw refuse(mount, 'is a mount point: restore into a new folder');
  checkRepositoryOutside(path, repository);
}

/** The old tree is removed in the end: a repository in it would go with it. */
function checkRepositoryOutside(live: string, repository: string): void {
  if (statOf(live) === null) return;
  const tree = realpathSync(toFsPath(live), { encoding: 'buffer' }).toString('latin1');
  const inside = fromText(realpathSync(repository));
  if (inside === tree || inside.startsWith(`${tree}/`))
    throw refuse(live, `holds the repository ${repository}: restore into a new folder`);
}

/** Mount points as binary strings; field 5 of /proc/self/mountinfo, octal escapes for blanks (proc(5)). */
function mountPoints(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').split('\n');
  return lines.flatMap((line) => {
    const point = line.split(' ')[4];
    return point === undefined
      ? []
      : [point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))];
  });
}

function checkApart(roots: readonly LiveRoot[]): void {
  for (const a of roots) {
    const clash = roots.find((b) => b !== a && (b.path === a.path || b.path.startsWith(`${a.path}/`)));
    if (clash !== undefined)
      throw refuse(clash.path, `lies in ${toText(a.path)}, which is restored too: restore them one after the other`);
  }
}

/** Room per file system, because roots may lie on several. */
function checkRooms(roots: readonly LiveRoot[], entries: number): void {
  const byDevice = new Map<bigint, { folder: string; bytes: number }>();
  for (const { path, diskBytes } of roots) {
    const folder = dirname(path);
    const device = statOf(folder)?.dev ?? 0n;
    const known = byDevice.get(device);
    byDevice.set(device, { folder, bytes: (known?.bytes ?? 0) + diskBytes });
  }
  for (const { folder, bytes } of byDevice.values()) checkRoom(toFsPath(folder), bytes, entries);
}

interface Replacement {
  readonly live: string;
  readonly staged: string;
  readonly staging: string;
}

/** What has to be renamed in one root. A subtree whose folder is gone comes in with the highest missing folder above it. */
function planItems(root: LiveRoot): Replacement[] {
  const items = new Map<string, Replacement>();
  const base = join(root.staging, 'new', basename(root.path));
  for (const top of root.tops) {
    const inRoot = liftToPresent(root, top.path.slice(root.root.length));
    items.set(inRoot, { live: root.path + inRoot, staged: base + inRoot, staging: root.staging });
  }
  return [...items.values()];
}

/** `''` is the root itself, else `/<path in root>`. */
function liftToPresent(root: LiveRoot, inRoot: string): string {
  if (inRoot === '') return inRoot;
  for (let slash = 0; slash >= 0; slash = inRoot.indexOf('/', slash + 1)) {
    const folder = inRoot.slice(0, slash);
    if (!checkFolder(root, folder)) return folder;
  }
  return inRoot;
}

/** False where nothing is. A link or a file in the place of a folder is refused: what is behind it belongs to somebody else. */
function checkFolder(root: LiveRoot, inRoot: string): boolean {
  const path = root.path + inRoot;
  const found = statOf(path);
  if (found === null) return false;
  if (!found.isDirectory())
    throw refuse(path, 'is not a folder any more: restore into a new folder, or the whole root');
  if (found.dev !== statOf(dirname(root.path))?.dev)
    throw refuse(path, 'is on another file system: restore into a new folder');
  return true;
}

function numbered(items: readonly Replacement[]): SwapItem[] {
  return items.map(({ live, staged, staging }, index) => ({
    live,
    staged,
    old: join(staging, 'old', String(index)),
    hadOld: statOf(live) !== null,
  }));
}
