import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { OpError, toOpError } from '../../../contract/errors.ts';
import { fsyncPath, removeTree, statOf, writeDurably } from './durable.ts';
import { fromText, toFsPath, toText } from './entries.ts';

/**
 * Puts staged trees in the place of live ones, all or none. Per parent folder of a root there is one staging folder
 * `.genesis-restore-<operation>` with `new/` and `old/`; each holds the same intent file, and the first of them, the
 * coordinator, holds the mark `committed` once every rename is durable. Whatever moment the process dies at, the intent
 * and what lies where tell how to go on: without the mark all goes back, with it only the old is removed.
 * The coordinator is written first and removed last, so an intent without its coordinator means that a disk is missing.
 * Paths are binary strings (see entries.ts).
 */

export const stagingPrefix = '.genesis-restore-';
const intentFile = 'intent.json';
const committedFile = 'committed';

const SwapItem = z.strictObject({
  /** Where the tree belongs. */
  live: z.string(),
  staged: z.string(),
  /** Where the present one is kept until all are in. */
  old: z.string(),
  /** False where nothing is there now: then going back means taking the new one away. */
  hadOld: z.boolean(),
});
export type SwapItem = z.infer<typeof SwapItem>;

const Intent = z.strictObject({
  format: z.literal(1),
  operationId: z.string(),
  coordinator: z.string(),
  stagings: z.array(z.string()).min(1),
  items: z.array(SwapItem),
});
export type Intent = z.infer<typeof Intent>;

export function stagingFolder(root: string, operationId: string): string {
  return join(dirname(root), stagingPrefix + operationId);
}

/** Declares what is about to be swapped; nothing was touched before, anything may be afterwards. */
export function writeIntent(operationId: string, stagings: readonly string[], items: readonly SwapItem[]): Intent {
  const [coordinator] = stagings;
  if (coordinator === undefined) throw new RangeError('a swap without a staging folder');
  const intent: Intent = { format: 1, operationId, coordinator, stagings: [...stagings], items: [...items] };
  for (const staging of stagings) writeDurably(join(staging, intentFile), JSON.stringify(intent));
  return intent;
}

/** All renames, then the mark. On a failure everything is put back and the failure thrown. */
export function commitSwap(intent: Intent): void {
  try {
    for (const item of intent.items) swapIn(item);
    fsyncAround(intent);
    writeDurably(join(intent.coordinator, committedFile), intent.operationId);
  } catch (thrown) {
    rollBack(intent);
    removeStagings(intent);
    const { code, message } = toOpError(thrown, 'restore_failed');
    throw new OpError(
      code === 'disk_full' ? code : 'restore_failed',
      `the swap failed and was taken back: ${message}`,
      { cause: thrown },
    );
  }
}

function swapIn({ live, staged, old, hadOld }: SwapItem): void {
  if (hadOld) renameSync(toFsPath(live), toFsPath(old));
  // Somebody may have made it anew meanwhile (a service that still runs): it is theirs, so this goes back instead.
  if (statOf(live) !== null) throw new OpError('restore_failed', `${toText(live)} appeared during the swap`);
  renameSync(toFsPath(staged), toFsPath(live));
}

function fsyncAround(intent: Intent): void {
  const folders = new Set(
    intent.items.flatMap(({ live, staged, old }) => [dirname(live), dirname(staged), dirname(old)]),
  );
  // A folder that moved away with its tree is durable through the folder it now stands in.
  for (const folder of folders) if (statOf(folder) !== null) fsyncPath(folder);
}

/** Puts every root back, whatever was done of it; may be repeated. Throws `restore_failed` where somebody else's files are in the way. */
export function rollBack(intent: Intent): void {
  for (const { live, staged, old, hadOld } of [...intent.items].reverse()) {
    const newIsIn = statOf(staged) === null && statOf(live) !== null;
    if (!hadOld) {
      if (newIsIn) renameSync(toFsPath(live), toFsPath(staged));
      continue;
    }
    if (statOf(old) === null) continue;
    if (newIsIn) renameSync(toFsPath(live), toFsPath(staged));
    else if (statOf(live) !== null) {
      throw new OpError(
        'restore_failed',
        `${toText(live)} was made anew; the data from before the restore is in ${toText(old)}`,
      );
    }
    renameSync(toFsPath(old), toFsPath(live));
  }
  fsyncAround(intent);
}

/** Removes what a finished or undone swap left; the coordinator last, because it tells what the others mean. */
export function removeStagings(intent: Intent): void {
  for (const staging of intent.stagings) if (staging !== intent.coordinator) removeDurably(staging);
  // Within the coordinator the mark goes last, for the same reason.
  removeTree(join(intent.coordinator, 'new'));
  removeTree(join(intent.coordinator, 'old'));
  removeDurably(intent.coordinator);
}

function removeDurably(folder: string): void {
  const parent = dirname(folder);
  // The intent goes before the mark: a mark alone is only rubbish, an intent alone would be undone.
  removeTree(join(folder, intentFile));
  removeTree(folder);
  fsyncPath(parent);
}

/** Makes the staging folder, private and empty. Throws `restore_failed` when the parent cannot take it. */
export function makeStaging(staging: string): void {
  removeTree(staging);
  try {
    for (const folder of [staging, join(staging, 'new'), join(staging, 'old')])
      mkdirSync(toFsPath(folder), { mode: 0o700 });
  } catch (cause) {
    const { code, message } = toOpError(cause, 'restore_failed');
    throw new OpError(code === 'disk_full' ? code : 'restore_failed', `cannot stage beside the data: ${message}`, {
      cause,
    });
  }
}

/**
 * Ends what a crash left of an in-place restore (or of a restore into a new folder: pass its path as root): afterwards every
 * root is wholly the old or wholly the new, all the same way. Idempotent. Throws `restore_failed`, system errors.
 */
export function recover(operationId: string, rootPaths: readonly string[]): 'nothing' | 'rolled_back' | 'completed' {
  const roots = rootPaths.map((root) => fromText(resolve(root)));
  const stagings = [...new Set(roots.map((root) => stagingFolder(root, operationId)))].filter((s) => isOurs(s));
  if (stagings.length === 0) return 'nothing';
  const intent = stagings.map(readIntent).find((i) => i !== null) ?? null;
  if (intent === null) {
    // Without an intent no root was touched: the process died while it staged (or while it removed the last leftovers).
    const committed = stagings.some((staging) => statOf(join(staging, committedFile)) !== null);
    for (const staging of stagings) removeDurably(staging);
    return committed ? 'completed' : 'rolled_back';
  }
  checkIntent(intent, operationId, roots);
  if (statOf(intent.coordinator) === null) {
    throw new OpError(
      'restore_failed',
      `${toText(intent.coordinator)} is not there, it tells whether the restore was complete: mount its disk`,
    );
  }
  const committed = statOf(join(intent.coordinator, committedFile)) !== null;
  if (!committed) rollBack(intent);
  removeStagings(intent);
  return committed ? 'completed' : 'rolled_back';
}

/** A staging folder counts only when it is a real folder of this user: others may be able to write beside the roots. */
function isOurs(staging: string): boolean {
  const found = statOf(staging);
  if (found === null) return false;
  if (found.isDirectory() && Number(found.uid) === (process.getuid?.() ?? Number(found.uid))) return true;
  throw new OpError('restore_failed', `${toText(staging)} was not made by this user: remove it by hand`);
}

function readIntent(staging: string): Intent | null {
  const file = join(staging, intentFile);
  if (statOf(file) === null) return null;
  const parsed = Intent.safeParse(parseJson(readFileSync(toFsPath(file), 'utf8')));
  if (parsed.success) return parsed.data;
  throw new OpError(
    'restore_failed',
    `${toText(file)} is damaged; the roots are as the crash left them, the old data is in ${toText(staging)}/old`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The intent names paths that will be renamed: they must be the roots that the caller knows, and staging folders beside them. */
function checkIntent(intent: Intent, operationId: string, roots: readonly string[]): void {
  const stagings = new Set(roots.map((root) => stagingFolder(root, operationId)));
  const inStaging = (path: string): boolean => [...stagings].some((staging) => path.startsWith(`${staging}/`));
  const inRoot = (path: string): boolean => roots.some((root) => path === root || path.startsWith(`${root}/`));
  const fits =
    intent.operationId === operationId &&
    intent.stagings.every((staging) => stagings.has(staging)) &&
    intent.stagings.includes(intent.coordinator) &&
    intent.items.every(
      (i) =>
        inRoot(i.live) && inStaging(i.staged) && inStaging(i.old) && !/\/\.\.?(\/|$)/.test(i.live + i.staged + i.old),
    );
  if (!fits)
    throw new OpError(
      'restore_failed',
      `the intent of ${operationId} names other paths than the restore's own; nothing was touched`,
    );
}
